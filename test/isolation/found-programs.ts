import type { Step } from './programs.ts'

/** Failures that random programs have found, each reduced to its smallest form. */
export const foundPrograms: Readonly<Record<string, readonly Step[]>> = {
  'a row of a table that a view of a lower level shows': [
    ['run', [['sql', 15, 4, 0]]],
    ['enter', 1],
    ['run', [['sql', 22, 5, 0]]],
  ],
  'a table with constraints that was dropped': [['run', [['sql', 0, 6, 0]]]],
  'a table that others refer to was changed': [['run', [['sql', 7, 0, 0]]]],
  'a function that was dropped and made again, with the same rights': [
    [
      'run',
      [
        ['func_drop', 0, 0, 0],
        ['func_create', 0, 0, 0],
      ],
    ],
  ],
  'a drop that was rolled back, of a space that had been truncated': [
    ['run', [['transaction', [['drop', 8, 0, 0]], false]]],
  ],
  'an index whose drop was rolled back': [['run', [['transaction', [['drop_index', 5, 0, 0]], false]]]],
  'a new view of a new table': [
    [
      'run',
      [
        ['sql', 1, 1, 0],
        ['sql', 2, 2, 0],
      ],
    ],
  ],
  'a suite that made the server read-only': [
    ['run', [['configure', 2, 0, 0]]],
    ['enter', 1],
    ['run', [['sequence_set', 0, 0, 0]]],
  ],
  'a row of a synchronous space without a quorum, whose insert was rolled back': [
    ['run', [['create_kind', 0, 10, 0]]],
    ['enter', 1],
    ['run', [['transaction', [['insert', 10, 0, 0]], false]]],
  ],
  'a truncate of a space without a primary index': [
    ['run', [['drop_index', 9, 0, 0]]],
    ['enter', 1],
    ['run', [['transaction', [['truncate', 9, 0, 0]], true]]],
  ],
  'rows that are older than the default of a field': [
    ['run', [['format', 17, 5, 0]]],
    ['enter', 1],
    ['run', [['unchain', 0, 0, 0]]],
    ['enter', 1],
  ],
  'a new space that has the number of a view that is gone, and is referred to': [
    [
      'run',
      [
        ['sql', 0, 5, 0],
        ['create_circle', 0, 0, 0],
      ],
    ],
  ],
  'an index of a space that names a field of another, which has another format': [
    [
      'run',
      [
        ['format', 12, 0, 0],
        ['rename_index', 13, 1, 0],
      ],
    ],
  ],
  'rolled-back changes under a foreign key whose field has lost its name': [
    ['run', [['format', 17, 0, 0]]],
    ['enter', 1],
    ['run', [['transaction', [['chain', 0, 0, 0]], false]]],
  ],
  'rows of a functional index, of a space with another format': [
    [
      'run',
      [
        ['truncate', 3, 0, 0],
        ['format', 3, 0, 0],
      ],
    ],
  ],
  'a foreign key of a space with a row that does not agree with it': [
    ['run', [['foreign_key_of_field', 9, 0, 2]]],
    ['enter', 1],
    ['run', [['chain', 0, 1, 0]]],
  ],
  'keys that differ, and that a collation takes for equal': [['run', [['many', 2, 1, 0]]]],
  'a sequence of an index whose space got another name': [['run', [['swap_names', 0, 1, 0]]]],
  'a function of C that was stubbed': [['run', [['stub', 9, 0, 0]]]],
  'vinyl rows put back before DDL of their space': [
    ['run', [['delete', 6, 3, 0]]],
    ['rewind', 0],
    ['run', [['swap_names', 1, 6, 0]]],
  ],
  'a collation that took the number of one that is gone': [
    ['run', [['transaction', [['collation_create', 3, 0, 0]], true]]],
    ['enter', 1],
    [
      'run',
      [
        ['collation_drop', 1, 0, 0],
        ['collation_create', 7, 1, 0],
      ],
    ],
  ],
  'an index of a space whose key needs an index of another that is not unique any more': [
    [
      'run',
      [
        ['create_functional_index', 13, 0, 4],
        ['alter_index', 12, 10, 0],
      ],
    ],
  ],
  'one of several functions of the schema that are triggers of an event was dropped': [
    [
      'run',
      [
        ['func_of_trigger', 15, 0, 0],
        ['func_of_trigger', 0, 0, 0],
      ],
    ],
    ['enter', 1],
    ['run', [['func_of_trigger_drop', 9, 0, 0]]],
  ],
  'a multikey index was dropped, whose field a later format makes nullable': [
    ['run', [['no_foreign_keys', 23, 0, 0]]],
    ['enter', 1],
    ['run', [['drop_index', 23, 10, 0]]],
  ],
  'a trigger of a space that is younger than the baseline': [
    ['run', [['create_child', 9, 1, 0]]],
    ['rewind', 1],
    ['enter', 1],
    ['run', [['add_trigger', 11, 0, 0]]],
    ['rewind', 1],
  ],
  'truncates a space that has a row which violates a later constraint': [
    ['run', [['transaction', [['constrain_field', 9, 0, 0]], true]]],
    ['enter', 1],
    ['run', [['truncate', 9, 0, 0]]],
    ['rewind', 1],
  ],
  'a role has the name of a role that was dropped, and the id of a user': [
    [
      'run',
      [
        ['role_drop', 0, 0, 0],
        ['user_drop', 0, 0, 0],
        ['role_create', 0, 0, 0],
      ],
    ],
  ],
}
