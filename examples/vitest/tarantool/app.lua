-- A shop's database: customers, orders, and a queue of jobs that workers take.
local jobs = require('jobs')

local customers = box.schema.space.create('customers', {
    format = { { 'id', 'unsigned' }, { 'email', 'string' }, { 'name', 'string' } },
    if_not_exists = true,
})
box.schema.sequence.create('customer_id', { if_not_exists = true })
customers:create_index('primary', { sequence = 'customer_id', if_not_exists = true })
customers:create_index('email', { parts = { 'email' }, if_not_exists = true })

local orders = box.schema.space.create('orders', {
    format = { { 'id', 'unsigned' }, { 'customer', 'unsigned' }, { 'total', 'number' } },
    if_not_exists = true,
})
box.schema.sequence.create('order_id', { if_not_exists = true })
orders:create_index('primary', { sequence = 'order_id', if_not_exists = true })
orders:create_index('customer', { parts = { 'customer' }, unique = false, if_not_exists = true })

jobs.create()

function add_customer(email, name)
    return customers:insert({ box.NULL, email, name })
end

function find_customer(email)
    return customers.index.email:get(email)
end

-- Creates an order and the job that ships it, or neither.
function place_order(customer, total)
    if customers:get(customer) == nil then
        error(('there is no customer %d'):format(customer))
    end
    return box.atomic(function()
        local order = orders:insert({ box.NULL, customer, total })
        jobs.put('ship', { order = order.id })
        return order
    end)
end

function revenue_of(customer)
    local sum = 0
    for _, order in orders.index.customer:pairs(customer) do sum = sum + order.total end
    return sum
end

put_job, take_job, finish_job, count_jobs = jobs.put, jobs.take, jobs.finish, jobs.count
