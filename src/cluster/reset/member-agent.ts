import { LuaError } from '../../errors.ts'
import type { TarantoolInstance } from '../../instance/instance.ts'
import type { AgentOperation, AgentReply, Entry, MemberOperation } from '../../isolation/server.ts'
import { type MemberState, readMemberState } from './member-state.ts'

/** The way in which a reset leaves the levels: the next one is open, or none is. */
export type Return = Entry | 'rewind'

/** The reason why a member cannot be brought back in place. */
export class LostMember extends Error {}

/** An instance of a cluster, for its reset. */
export class MemberAgent {
  readonly name: string
  readonly instance: TarantoolInstance
  /** The process whose changes are recorded. */
  #pid: number | undefined

  constructor(name: string, instance: TarantoolInstance) {
    this.name = name
    this.instance = instance
    this.noteProcess()
  }

  /** The process that recorded the changes has ended. Another one may run. */
  get hasEnded(): boolean {
    return !this.instance.isRunning || this.instance.pid !== this.#pid
  }

  /** From here on, the process of now records the changes. */
  noteProcess(): void {
    this.#pid = this.instance.pid
  }

  /** @throws LostMember if the member's changes cannot be undone in place, or if it does not answer */
  async ask(operation: AgentOperation | MemberOperation, keep: number, terms?: string): Promise<AgentReply> {
    const reply = await this.instance.askAgent(operation, keep, terms).catch((error: unknown): AgentReply => {
      // The first line of an error has no log.
      const why = error instanceof LuaError ? error.luaMessage : ((error as Error).message.split('\n')[0] ?? '')
      return { lost: why }
    })
    if (reply.lost !== undefined) throw new LostMember(`instance '${this.name}': ${reply.lost}`)
    return reply
  }

  /**
   * Undoes what is the member's own, or says that it waits for another member. If options of elections or of the quorum
   * differ, only says that.
   *
   * @throws LostMember
   */
  async look(keep: number, way: Return): Promise<MemberState> {
    return await this.#step('look', keep, `${way},${this.instance.answered ?? '-'}`)
  }

  /** Puts back options of elections and of the quorum, and then does the same as `look`. @throws LostMember */
  async agree(keep: number, way: Return): Promise<MemberState> {
    return await this.#step('agree', keep, `${way},${this.instance.answered ?? '-'}`)
  }

  /** Tells about the member, and undoes nothing. @throws LostMember */
  async now({ sequences = false }: { sequences?: boolean } = {}): Promise<MemberState> {
    return await this.#step('clock', 0, `enter,${sequences ? 'sequences' : '-'}`)
  }

  /** Writes the values of the sequences again, when the member has the data of a vector clock. @throws LostMember */
  async number(clock: string): Promise<MemberState> {
    return await this.#step('number', 0, `enter,${clock}`)
  }

  /**
   * Waits until no rows of members that have ended arrive: at most so many others send changes. Tells if they are fewer
   * than the quorum of the level that is undone.
   *
   * @throws LostMember
   */
  async part(keep: number, others: number): Promise<MemberState> {
    return await this.#step('part', keep, `enter,${others}`)
  }

  /** From here on, so many members can elect a leader and confirm transactions. @throws LostMember */
  async lowerQuorum(keep: number, members: number): Promise<void> {
    await this.#step('lower_quorum', keep, `enter,${members}`)
  }

  /** Puts back the quorum of the level. @throws LostMember */
  async raiseQuorum(): Promise<void> {
    await this.#step('raise_quorum', 0, 'enter,-')
  }

  /** Subscribes again to the other members, so many, because a stream has stopped. @throws LostMember if it stops again */
  async subscribe(others: number): Promise<void> {
    await this.#step('subscribe', 0, `enter,${others}`)
  }

  /** Hides the application's triggers, when the member has the data of a vector clock. @throws LostMember */
  async hide(clock: string): Promise<MemberState> {
    return await this.#step('hide', 0, `rewind,${clock}`)
  }

  /**
   * Undoes everything, when the member has the data of a vector clock.
   *
   * @param sequences writes the values of all sequences again
   * @throws LostMember
   */
  async lead(keep: number, way: Return, clock: string, sequences = false): Promise<MemberState> {
    return await this.#step('lead', keep, `${way},${clock}${sequences ? ',sequences' : ''}`)
  }

  /** Undoes what is the member's own, when it has the data of a vector clock. @throws LostMember */
  async follow(keep: number, way: Return, clock: string): Promise<MemberState> {
    return await this.#step('follow', keep, `${way},${clock}`)
  }

  /** Opens a level on top of all others, when it has the data of a vector clock. @throws LostMember */
  async stack(clock: string): Promise<MemberState> {
    return await this.#step('stack', 0, `enter,${clock}`)
  }

  /**
   * Gets as many levels as the others, when the member has the data of a vector clock. The level on top has all that has
   * changed since its start.
   *
   * @throws LostMember
   */
  async raise(levels: number, clock: string): Promise<MemberState> {
    return await this.#step('raise', levels, `rewind,${clock}`)
  }

  /** Begins anew, when the member has the data of a vector clock. @throws LostMember */
  async join(keep: number, way: Return, clock: string): Promise<MemberState> {
    return await this.#step('join', keep, `${way},${clock}`)
  }

  async #step(operation: MemberOperation, keep: number, terms: string): Promise<MemberState> {
    const { member } = await this.ask(operation, keep, terms)
    if (member === undefined) throw new LostMember(`instance '${this.name}' does not record its changes`)
    return readMemberState(member)
  }
}
