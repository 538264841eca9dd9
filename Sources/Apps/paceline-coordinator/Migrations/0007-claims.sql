-- Bills that came to another node than the one that set their money aside: since when, and those quickly of which that one has not spoken.
alter table paceline.claims add column at timestamptz not null default now();
create index claims_open on paceline.claims (account) where not is_merged;
