-- Timelines of the database: which one the ledger has looked at, whom an audit of another one waits for, and what operators enter
-- for a holder that is silent.

-- One row. What is there when this is applied counts as looked at: nobody knows of anything before.
create table paceline.timeline (
    single boolean primary key default true check (single),
    system bigint not null,
    line bigint not null,
    -- Which audit was the last, 0 for none: seconds since 1970, so that it grows over what a lost tail takes back.
    mark bigint not null,
    -- Holders that it waits for, and those that operators have entered amounts for in their place, as bits by their numbers.
    missing bigint not null,
    owed bigint not null
);

-- Which server this is, and how often one of its copies was made the primary. Every role may ask; in recovery it is refused.
create function paceline.current_timeline(out system bigint, out line bigint) language sql as $$
    select s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint
    from pg_control_system() s
$$;
insert into paceline.timeline (system, line, mark, missing, owed)
    select c.system, c.line, 0, 0, 0 from paceline.current_timeline() c;

-- The same as without a timeline, which a coordinator of the version before says; nothing is written on one that the leader has not
-- looked at.
create function paceline.begin_batch(
    wanted bigint, process bigint, batch bigint, former bigint, renews boolean, now timestamptz, system bigint,
    line bigint
) returns void language plpgsql as $$
declare here record;
begin
    perform paceline.begin_batch(wanted, process, batch, former, renews, now);
    select * into here from paceline.current_timeline();
    if here.system <> begin_batch.system or here.line <> begin_batch.line then
        raise exception 'the database is on timeline % of system %, and the leader has looked at timeline % of system %',
            here.line, here.system, line, system using errcode = 'PL004';
    end if;
end $$;

create function paceline.write_timeline(
    system bigint, line bigint, mark bigint, missing bigint, owed bigint, now timestamptz, who text
) returns void language plpgsql as $$
begin
    if paceline.is_repeat() then return; end if;
    update paceline.timeline t set system = write_timeline.system, line = write_timeline.line,
        mark = write_timeline.mark, missing = write_timeline.missing, owed = write_timeline.owed;
    if who <> '' then
        insert into paceline.audit (at, who, what, kind, id, after) values (
            write_timeline.now, write_timeline.who, 'begin audit', 'ledger', write_timeline.mark::text,
            jsonb_build_object('timeline', write_timeline.line, 'system', write_timeline.system,
                'waitsFor', write_timeline.missing));
    end if;
end $$;

-- What an operator says that a holder was granted and the ledger does not know. Where two say the same, the amount is in suspense
-- under `session`.
create table paceline.audit_entries (
    mark bigint not null,
    holder bigint not null,
    account bigint not null references paceline.accounts,
    who text not null,
    amount bigint not null check (amount >= 0),
    at timestamptz not null,
    session bigint references paceline.sessions,
    primary key (mark, holder, account, who)
);

create function paceline.write_entries(
    now timestamptz, marks bigint[], holders bigint[], accounts bigint[], whos text[], amounts bigint[],
    sessions bigint[]
) returns void language plpgsql as $$
begin
    if paceline.is_repeat() then return; end if;
    insert into paceline.audit_entries (mark, holder, account, who, amount, at, session)
        select n.mark, n.holder, n.account, n.who, n.amount, write_entries.now, nullif(n.session, 0)
        from unnest(marks, holders, accounts, whos, amounts, sessions)
            as n (mark, holder, account, who, amount, session)
        on conflict (mark, holder, account, who) do update set
            amount = excluded.amount, at = excluded.at, session = excluded.session;
    insert into paceline.audit (at, who, what, kind, id, after)
        select write_entries.now, n.who, 'enter for a silent holder', 'ledger', n.holder || '/' || n.account,
            jsonb_build_object('audit', n.mark, 'holder', n.holder, 'account', n.account, 'micros', n.amount,
                'agreed', n.session <> 0)
        from unnest(marks, holders, accounts, whos, amounts, sessions)
            as n (mark, holder, account, who, amount, session);
end $$;

-- As before, and an account that only held a number's place may get its name.
create or replace function paceline.write_accounts(
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
            campaign = excluded.campaign, day = excluded.day, currency = excluded.currency,
            parent = excluded.parent, highest = excluded.highest, is_paused = excluded.is_paused, has_ended = excluded.has_ended,
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
