/**
 * The tables of the journal, as steps from one version to the next. `PRAGMA user_version` is the number of steps taken.
 * A step that has been released is never changed: a journal somewhere has taken it.
 */

/** SQLite's `application_id`: tells a journal from any other database. "cdpl" in ASCII. */
export const applicationId = 0x6364706c;

export const schemaSteps: readonly string[] = [
  `
  -- One execution of the command. 'totals' is the summary object as JSON, without row data.
  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    command TEXT NOT NULL,
    target_name TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    exit INTEGER,
    totals TEXT
  ) STRICT;

  -- One input, with one mapping, into one target. 'identity' seeds deterministic ids and outlives a change of mapping.
  CREATE TABLE loads (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    mapping TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    identity TEXT NOT NULL,
    path TEXT NOT NULL,
    target_name TEXT NOT NULL,
    operations TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    completed INTEGER,
    records INTEGER,
    last_run TEXT NOT NULL
  ) STRICT;
  CREATE INDEX loads_by_input ON loads (target, fingerprint, mapping, state, completed);
  CREATE INDEX loads_by_path ON loads (target, path, state);
  CREATE INDEX loads_by_target ON loads (target, state, completed);

  CREATE TABLE run_loads (
    run TEXT NOT NULL,
    load INTEGER NOT NULL,
    PRIMARY KEY (run, load)
  ) STRICT, WITHOUT ROWID;

  -- What moved, in order. 'ranges' as RangeSet prints it; 'crc' covers the row, since SQLite does not notice a changed digit.
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    load INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    state TEXT NOT NULL,
    ranges TEXT NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX events_by_load ON events (load, seq);

  -- The sum of a load's events that were compacted away.
  CREATE TABLE snapshots (
    load INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    state TEXT NOT NULL,
    ranges TEXT NOT NULL,
    crc INTEGER NOT NULL,
    PRIMARY KEY (load, entry, state)
  ) STRICT, WITHOUT ROWID;

  -- Where a block starts: the record with this number is at this byte and this line.
  CREATE TABLE checkpoints (
    load INTEGER NOT NULL,
    record INTEGER NOT NULL,
    byte INTEGER NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (load, record)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE receipts (
    load INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    record INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (load, record, entry)
  ) STRICT, WITHOUT ROWID;

  -- A run at work. Whoever takes over one of its loads deletes its lease, and every commit of a run checks its lease.
  CREATE TABLE leases (
    run TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    place TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process_start TEXT NOT NULL,
    since INTEGER NOT NULL,
    heartbeat INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE locks (
    load INTEGER PRIMARY KEY,
    run TEXT NOT NULL
  ) STRICT;
  CREATE INDEX locks_by_run ON locks (run);
  `,
];
