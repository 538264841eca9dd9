-- Of each session the last few nonces before the next one, each with the request that used it: what comes late is told from what a
-- copy of a holder's memory asks.
alter table paceline.sessions add column earlier bigint[] not null default '{}';
