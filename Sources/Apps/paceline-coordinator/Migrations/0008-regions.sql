-- Regions: what operators want of each, and where it stands, so that another leader goes on from there. A region that is not here is
-- to serve and does.

create table paceline.regions (
    name text primary key,
    -- Of what operators want; grows with each change of it.
    version bigint not null check (version > 0),
    asked text not null check (asked in ('serve', 'drain', 'failover')),
    is_forced boolean not null,
    who text not null,
    why text not null,
    asked_at timestamptz not null,
    state text not null check (state in ('healthy', 'suspect', 'draining', 'lost', 'rejoining')),
    share bigint not null check (share between 0 and 1000),
    since timestamptz not null
);

-- What an operator wants of a region. A former leader writes nothing.
create function paceline.ask_region(
    wanted bigint, process bigint, region text, former bigint, deed text, to_be text, forced boolean,
    now timestamptz, author text, remark text, effects text
) returns void language plpgsql as $$
declare
    last paceline.regions;
begin
    lock table paceline.regions in share row exclusive mode;
    select * into last from paceline.regions where name = region;
    if coalesce(last.version, 1) <> former then
        raise exception 'region % is of version %, and not %', region, last.version, former using errcode = 'PL002';
    end if;
    insert into paceline.regions as r (name, version, asked, is_forced, who, why, asked_at, state, share, since)
        values (region, former + 1, to_be, forced, author, remark, now, 'healthy', 1000, now)
        on conflict (name) do update set version = excluded.version, asked = excluded.asked,
            is_forced = excluded.is_forced, who = excluded.who, why = excluded.why, asked_at = excluded.asked_at;
    insert into paceline.audit (at, who, what, kind, id, version, before, after) values (
        now, author, deed, 'region', region, former + 1,
        case when last.name is not null then jsonb_build_object(
            'asked', last.asked, 'state', last.state, 'share', last.share) end,
        jsonb_build_object('asked', to_be, 'isForced', forced, 'why', remark, 'effects', effects::jsonb));
    delete from paceline.answers a where a.at < now - interval '7 days';
    perform paceline.require_leader(wanted, process);
end $$;

-- Where a region stands.
create function paceline.note_region(
    wanted bigint, process bigint, region text, stands text, part bigint, now timestamptz
) returns void language plpgsql as $$
begin
    insert into paceline.regions as r (name, version, asked, is_forced, who, why, asked_at, state, share, since)
        values (region, 1, 'serve', false, '', '', now, stands, part, now)
        on conflict (name) do update set state = excluded.state, share = excluded.share,
            since = case when r.state = excluded.state then r.since else excluded.since end;
    perform paceline.require_leader(wanted, process);
end $$;
