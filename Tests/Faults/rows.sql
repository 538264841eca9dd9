-- The ledger's tables as `paceline ledger reconcile` reads them: psql --no-psqlrc --quiet --no-align --tuples-only
-- --field-separator=$'\t'. One transaction, so that no row is of another moment than the next.
begin isolation level repeatable read read only;
select 'account', id, coalesce(parent, -1), campaign, budget, granted, settled, suspense, presumed, late
    from paceline.accounts order by id;
select 'session', session, is_fenced from paceline.sessions;
select 'cell', session, account, granted, returned, settled, closed_leaves from paceline.cells;
select 'leaf', node, root from paceline.leaves;
select 'leaf_cell', node, account, paid, late, claimed, drawn, freed, is_closed from paceline.leaf_cells;
select 'block', node, account, shard, number, mask, paid, late from paceline.blocks;
select 'claim', session, shard, sequence, account, paid, late, is_merged from paceline.claims;
select 'movement', stream, number, sequence, account, source, target, amount from paceline.movements;
select 'stream', stream, number from paceline.streams;
commit;
