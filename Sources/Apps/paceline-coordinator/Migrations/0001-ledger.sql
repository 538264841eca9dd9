-- The ledger's root: balances, sessions and evidence as the leader's book has them, and every movement of money.
create schema paceline;

-- Whose turn it is to write. One row; whoever has it is the leader, and every batch checks its epoch.
create table paceline.leadership (
    single boolean primary key default true check (single),
    epoch bigint not null,
    renewals bigint not null,
    leader bigint not null,
    name text not null,
    address text not null
);
insert into paceline.leadership (epoch, renewals, leader, name, address) values (0, 0, 0, '', '');

-- One for each start of a coordinator: the last of its batches that is here.
create table paceline.streams (
    stream bigint primary key,
    number bigint not null,
    touched bigint not null default 1,
    at timestamptz not null
);

create table paceline.accounts (
    id bigint primary key,
    campaign text not null,
    day bigint,
    currency text not null,
    parent bigint references paceline.accounts,
    highest bigint not null check (highest >= 0),
    is_paused boolean not null,
    has_ended boolean not null,
    budget bigint not null check (budget >= 0),
    granted bigint not null check (granted >= 0),
    settled bigint not null check (settled >= 0),
    suspense bigint not null check (suspense >= 0),
    presumed bigint not null check (presumed >= 0),
    late bigint not null check (late >= 0),
    refunds bigint not null,
    refunded bigint not null check (refunded >= 0),
    missing bigint not null,
    version bigint not null,
    unique nulls not distinct (campaign, day)
);

create table paceline.sessions (
    session bigint primary key,
    ordinal bigint not null unique,
    holder bigint not null,
    start bigint not null,
    is_fenced boolean not null,
    is_presumed boolean not null,
    is_cloned boolean not null,
    nonce bigint not null,
    used_by bigint not null,
    opened_at timestamptz not null,
    changed_at timestamptz not null,
    unique (holder, start)
);

create table paceline.cells (
    session bigint not null references paceline.sessions,
    account bigint not null references paceline.accounts,
    granted bigint not null check (granted >= returned),
    returned bigint not null check (returned >= 0),
    settled bigint not null,
    waiting bigint not null,
    closed_leaves bigint not null,
    primary key (session, account)
);

create table paceline.leaves (
    node bigint primary key,
    root bigint not null references paceline.sessions,
    ordinal bigint not null unique
);

create table paceline.leaf_cells (
    node bigint not null references paceline.leaves,
    account bigint not null references paceline.accounts,
    paid bigint not null,
    late bigint not null,
    claimed bigint not null,
    claimed_late bigint not null,
    drawn bigint not null,
    freed bigint not null,
    is_closed boolean not null,
    primary key (node, account)
);

-- Sixty-four reservations of one shard and account: which are settled, and what they came to.
create table paceline.blocks (
    node bigint not null references paceline.leaves,
    account bigint not null references paceline.accounts,
    shard bigint not null,
    number bigint not null,
    mask bigint not null,
    paid bigint not null check (paid >= 0),
    late bigint not null check (late >= 0),
    primary key (node, account, shard, number)
);

create table paceline.claims (
    node bigint not null references paceline.leaves,
    session bigint not null,
    shard bigint not null,
    sequence bigint not null,
    ordinal bigint generated always as identity,
    account bigint not null references paceline.accounts,
    reserved bigint not null,
    amount bigint not null,
    paid bigint not null,
    late bigint not null,
    is_merged boolean not null default false,
    primary key (node, session, shard, sequence)
);

-- Each row is both sides of an entry: an amount leaves one place of an account for another.
create table paceline.movements (
    at timestamptz not null,
    stream bigint not null,
    number bigint not null,
    sequence bigint not null,
    account bigint not null,
    source smallint not null,
    target smallint not null check (target <> source),
    amount bigint not null check (amount > 0),
    primary key (at, stream, number, sequence)
) partition by range (at);
create index movements_by_account on paceline.movements (account, at);

-- What operators changed, by the key that they gave it.
create table paceline.operations (
    key text primary key,
    at timestamptz not null,
    who text not null,
    request text not null,
    answer text not null
);

create function paceline.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are only ever added', tg_table_name using errcode = 'PL003';
end $$;
create trigger append_only before update or delete on paceline.movements
    for each row execute function paceline.refuse_change();
create trigger append_only before update or delete on paceline.operations
    for each row execute function paceline.refuse_change();

-- The month of this instant and the next one have their partitions.
create function paceline.ensure_partitions(now timestamptz) returns void language plpgsql as $$
declare
    first timestamptz;
    name text;
begin
    for ahead in 0..1 loop
        first := (date_trunc('month', now at time zone 'UTC') + make_interval(months => ahead))
            at time zone 'UTC';
        name := 'movements_' || to_char(first at time zone 'UTC', 'YYYY_MM');
        if to_regclass('paceline.' || name) is null then
            execute format(
                'create table paceline.%I partition of paceline.movements for values from (%L) to (%L)',
                name, first,
                (first at time zone 'UTC' + make_interval(months => 1)) at time zone 'UTC');
        end if;
    end loop;
end $$;

-- A process takes the row that it has watched; done again by the same one it is done.
create function paceline.claim(
    former_epoch bigint, former_renewals bigint, wanted bigint, process bigint, name text, address text
) returns void language plpgsql as $$
declare held paceline.leadership;
begin
    select * into held from paceline.leadership for update;
    if held.epoch = wanted and held.leader = process then return; end if;
    if held.epoch <> former_epoch or held.renewals <> former_renewals then
        raise exception 'epoch % is led by %', held.epoch, held.name using errcode = 'PL001';
    end if;
    update paceline.leadership l
        set epoch = wanted, renewals = l.renewals + 1, leader = process, name = claim.name,
            address = claim.address;
end $$;

-- The first statement of every batch. The row stays locked until its end, so nobody takes over meanwhile. Answers
-- nothing, and says to the statements behind it whether this batch is here already: then it touches its stream's
-- row, so that its commit is one that has to be acknowledged, and changes nothing else.
create function paceline.begin_batch(
    wanted bigint, process bigint, batch bigint, former bigint, renews boolean, now timestamptz
) returns void language plpgsql as $$
declare
    held paceline.leadership;
    last bigint;
begin
    if renews then
        select * into held from paceline.leadership for update;
    else
        select * into held from paceline.leadership for share;
    end if;
    if held.epoch <> wanted or held.leader <> process then
        raise exception 'epoch % is led by %', held.epoch, held.name using errcode = 'PL001';
    end if;
    if renews then update paceline.leadership set renewals = renewals + 1; end if;
    select coalesce(max(number), 0) into last from (
        select number from paceline.streams where stream = process for update) as mine;
    if former >= 0 and batch > last and last <> former then
        raise exception 'batch % comes behind %, and % is here', batch, former, last using errcode = 'PL002';
    end if;
    perform set_config('paceline.is_repeat', case when batch <= last then 'on' else 'off' end, true);
    insert into paceline.streams as s (stream, number, at) values (process, batch, now)
        on conflict (stream) do update
        set number = greatest(s.number, excluded.number), touched = s.touched + 1, at = excluded.at;
end $$;

create function paceline.is_repeat() returns boolean language sql stable as
    $$ select current_setting('paceline.is_repeat') = 'on' $$;

-- The balance row decides: where one is not as the leader knew it, the whole batch is refused.
create function paceline.write_accounts(
    ids bigint[], versions bigint[], campaigns text[], days bigint[], currencies text[], parents bigint[],
    highests bigint[], pauseds bigint[], endeds bigint[], budgets bigint[], granteds bigint[],
    settleds bigint[], suspenses bigint[], presumeds bigint[], lates bigint[], refundss bigint[],
    refundeds bigint[], missings bigint[]
) returns void language plpgsql as $$
declare written bigint;
begin
    if paceline.is_repeat() then return; end if;
    insert into paceline.accounts as a
        select id, campaign, day, currency, parent, highest, paused <> 0, ended <> 0, budget, granted, settled,
            suspense, presumed, late, refunds, refunded, missing, version
        from unnest(
            ids, versions, campaigns, days, currencies, parents, highests, pauseds, endeds, budgets, granteds,
            settleds, suspenses, presumeds, lates, refundss, refundeds, missings
        ) as n (
            id, version, campaign, day, currency, parent, highest, paused, ended, budget, granted, settled,
            suspense, presumed, late, refunds, refunded, missing)
        order by id
        on conflict (id) do update set
            highest = excluded.highest, is_paused = excluded.is_paused, has_ended = excluded.has_ended,
            budget = excluded.budget, granted = excluded.granted, settled = excluded.settled,
            suspense = excluded.suspense, presumed = excluded.presumed, late = excluded.late,
            refunds = excluded.refunds, refunded = excluded.refunded, missing = excluded.missing,
            version = excluded.version
        where a.version = excluded.version - 1;
    get diagnostics written = row_count;
    if written <> cardinality(ids) then
        raise exception '% of % accounts are not as the leader knew them', cardinality(ids) - written,
            cardinality(ids) using errcode = 'PL002';
    end if;
end $$;

-- What the movements come to, beside what the accounts say; windows count for their lifetime account too.
create view paceline.imbalances as
    with legs as (
        select account, target as place, amount from paceline.movements
        union all
        select account, source, -amount from paceline.movements
    ), sums as (
        select account, place, sum(amount) as amount from legs group by account, place
    ), rolled as (
        select account, place, amount from sums
        union all
        select a.parent, s.place, s.amount from sums s join paceline.accounts a on a.id = s.account
        where a.parent is not null and s.place not in (0, 5)
    ), found as (
        select account, place, sum(amount) as amount from rolled group by account, place
    ), said as (
        select id as account, place, amount from paceline.accounts cross join lateral (values
            (1, granted), (2, settled), (3, suspense), (4, presumed), (5, -budget), (7, late)
        ) as p (place, amount)
    )
    select s.account, s.place, s.amount as says, coalesce(f.amount, 0) as comes_to
    from said s left join found f on f.account = s.account and f.place = s.place
    where s.amount <> coalesce(f.amount, 0);
