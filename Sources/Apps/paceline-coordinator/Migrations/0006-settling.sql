-- What a settlement costs. The book makes rows that refer to one another, and a process that takes over looks whether they do, so that
-- the database need not look for each settlement; balances are written again and again in their place; and movements have the
-- one index that their key is, which is in the order of time.
alter table paceline.cells drop constraint cells_session_fkey, drop constraint cells_account_fkey;
alter table paceline.leaf_cells drop constraint leaf_cells_node_fkey, drop constraint leaf_cells_account_fkey;
alter table paceline.blocks drop constraint blocks_node_fkey, drop constraint blocks_account_fkey;
alter table paceline.accounts set (fillfactor = 50);
alter table paceline.cells set (fillfactor = 50);
alter table paceline.leaf_cells set (fillfactor = 50);
drop index paceline.movements_by_account;
