-- Models: the packages that were sent, and who serves which of them.

create table paceline.model_packages (
    number bigint primary key check (number > 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    bytes bigint not null check (bytes > 0),
    format bigint not null,
    at timestamptz not null,
    who text not null,
    note text not null,
    -- What is in it, for people.
    contents jsonb not null
);

-- Who serves what, turn by turn: the last one holds. `package` is the one that the turn is about.
create table paceline.model_turns (
    number bigint primary key check (number > 0),
    at timestamptz not null,
    who text not null,
    what text not null,
    package bigint not null references paceline.model_packages,
    note text not null,
    everybody bigint not null references paceline.model_packages,
    canary bigint references paceline.model_packages,
    nodes text[] not null
);
create index model_turns_by_package on paceline.model_turns (package, number);

create trigger append_only before update or delete on paceline.model_packages
    for each row execute function paceline.refuse_change();
create trigger append_only before update or delete on paceline.model_turns
    for each row execute function paceline.refuse_change();

-- The bytes of the newest 32 packages and of those that serve stay. Publishing a catalog removes what is none of the newest
-- catalogs, also by coordinators that know of no models yet, and so the table itself holds on to them.
create function paceline.keep_package() returns trigger language plpgsql as $$
begin
    if exists (select from paceline.model_packages p where p.sha256 = old.sha256 and (
        p.number > (select max(number) - 32 from paceline.model_packages)
        or p.number in (select unnest(array[everybody, canary]) from (
            select everybody, canary from paceline.model_turns order by number desc limit 1) as t)))
    then
        return null;
    end if;
    return old;
end $$;
create trigger kept before delete on paceline.blobs for each row execute function paceline.keep_package();

-- The leadership row is locked last, as renewals wait for it.
create function paceline.require_leader(wanted bigint, process bigint) returns void language plpgsql as $$
declare
    held paceline.leadership;
begin
    select * into held from paceline.leadership for share;
    if held.epoch <> wanted or held.leader <> process then
        raise exception 'epoch % is led by %', held.epoch, held.name using errcode = 'PL001';
    end if;
end $$;

-- Makes what was sent the next package. The blob is here already, in the same transaction.
create function paceline.publish_models(
    wanted bigint, process bigint, former bigint, digest bytea, size bigint, layout bigint, now timestamptz,
    author text, remark text, described text
) returns void language plpgsql as $$
declare
    last bigint;
begin
    lock table paceline.model_packages in share row exclusive mode;
    select coalesce(max(number), 0) into last from paceline.model_packages;
    if last <> former then
        raise exception 'package % is the newest, and not %', last, former using errcode = 'PL002';
    end if;
    insert into paceline.model_packages (number, sha256, bytes, format, at, who, note, contents)
        values (former + 1, digest, size, layout, now, author, remark, described::jsonb);
    insert into paceline.audit (at, who, what, kind, id, after)
        values (now, author, 'publish', 'models', (former + 1)::text, described::jsonb);
    delete from paceline.blobs b using paceline.model_packages p where p.sha256 = b.sha256;
    delete from paceline.answers a where a.at < now - interval '7 days';
    perform paceline.require_leader(wanted, process);
end $$;

-- From this turn on everybody serves one package, and some nodes another one, where there is a canary.
create function paceline.turn_models(
    wanted bigint, process bigint, former bigint, now timestamptz, author text, deed text, about bigint,
    remark text, for_all bigint, for_first bigint, names text[]
) returns void language plpgsql as $$
declare
    last paceline.model_turns;
begin
    lock table paceline.model_turns in share row exclusive mode;
    select * into last from paceline.model_turns order by number desc limit 1;
    if coalesce(last.number, 0) <> former then
        raise exception 'turn % is the last, and not %', last.number, former using errcode = 'PL002';
    end if;
    insert into paceline.model_turns (number, at, who, what, package, note, everybody, canary, nodes)
        values (former + 1, now, author, deed, about, remark, for_all, for_first, names);
    insert into paceline.audit (at, who, what, kind, id, version, before, after) values (
        now, author, deed, 'models', about::text, former + 1,
        case when last.number is not null then jsonb_build_object(
            'everybody', last.everybody, 'canary', last.canary, 'nodes', last.nodes) end,
        jsonb_build_object('everybody', for_all, 'canary', for_first, 'nodes', names, 'note', remark));
    perform pg_notify('paceline_models', (former + 1)::text);
    perform paceline.require_leader(wanted, process);
end $$;
