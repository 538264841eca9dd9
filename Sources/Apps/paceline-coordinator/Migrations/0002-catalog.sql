-- The catalog: its things one by one with all that they ever were, what was published of them, who changed what, and by which
-- tokens people are known.

-- What was published, in order. The last one is what nodes serve.
create table paceline.catalog_versions (
    number bigint primary key check (number > 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    bytes bigint not null check (bytes > 0),
    format bigint not null,
    at timestamptz not null,
    who text not null,
    what text not null,
    note text not null
);

-- Compiled catalogs, by what they are. They do not become much smaller by what Postgres compresses with.
create table paceline.blobs (
    sha256 bytea primary key check (octet_length(sha256) = 32),
    bytes bytea not null,
    at timestamptz not null
);
alter table paceline.blobs alter column bytes set storage external;

-- What is in the catalog now, each thing with the published version in which it changed last.
create table paceline.catalog_objects (
    kind text not null,
    id text collate "C" not null,
    document jsonb not null,
    version bigint not null references paceline.catalog_versions,
    primary key (kind, id)
);

-- What each thing was from a published version on; no document where it was removed.
create table paceline.catalog_history (
    kind text not null,
    id text collate "C" not null,
    version bigint not null references paceline.catalog_versions,
    document jsonb,
    primary key (kind, id, version)
);

-- Every change that anybody made through a coordinator.
create table paceline.audit (
    ordinal bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    what text not null,
    kind text,
    id text,
    version bigint,
    before jsonb,
    after jsonb
);

-- What was answered to changes of the catalog that were made, by the key that whoever asked gave them.
create table paceline.answers (
    key text primary key,
    at timestamptz not null,
    request bytea not null,
    status bigint not null,
    version bigint not null,
    answer text not null
);
create index answers_by_age on paceline.answers (at);

-- Who may ask what. The token itself is nowhere.
create table paceline.tokens (
    hash bytea primary key check (octet_length(hash) = 32),
    name text not null,
    role text not null check (role in ('viewer', 'operator', 'trafficker', 'admin')),
    made_at timestamptz not null,
    made_by text not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create unique index tokens_in_force on paceline.tokens (name) where revoked_at is null;

create trigger append_only before update or delete on paceline.catalog_versions
    for each row execute function paceline.refuse_change();
create trigger append_only before update or delete on paceline.catalog_history
    for each row execute function paceline.refuse_change();
create trigger append_only before update or delete on paceline.audit
    for each row execute function paceline.refuse_change();

-- Orders to the ledger are changes too.
create function paceline.audit_order() returns trigger language plpgsql as $$
begin
    insert into paceline.audit (at, who, what, after) values (new.at, new.who, 'order', to_jsonb(new.request));
    return null;
end $$;
create trigger audited after insert on paceline.operations
    for each row execute function paceline.audit_order();

-- Makes changed things and what was compiled of all of them the next version. The leadership row is locked last, as renewals
-- wait for it; the blob is here already, in the same transaction.
create function paceline.publish_catalog(
    wanted bigint, process bigint, former bigint, digest bytea, size bigint, layout bigint, now timestamptz,
    author text, deed text, remark text, kinds text[], ids text[], documents text[]
) returns void language plpgsql as $$
declare
    held paceline.leadership;
    last bigint;
begin
    lock table paceline.catalog_versions in share row exclusive mode;
    select coalesce(max(number), 0) into last from paceline.catalog_versions;
    if last <> former then
        raise exception 'version % is published, and not %', last, former using errcode = 'PL002';
    end if;
    insert into paceline.catalog_versions (number, sha256, bytes, format, at, who, what, note)
        values (former + 1, digest, size, layout, now, author, deed, remark);
    insert into paceline.audit (at, who, what, kind, id, version, before, after)
        select now, author, deed, n.kind, n.id, former + 1, o.document, n.document::jsonb
        from unnest(kinds, ids, documents) with ordinality as n (kind, id, document, place)
            left join paceline.catalog_objects o on o.kind = n.kind and o.id = n.id
        order by n.place;
    if cardinality(kinds) = 0 then
        insert into paceline.audit (at, who, what, version) values (now, author, deed, former + 1);
    end if;
    insert into paceline.catalog_history (kind, id, version, document)
        select n.kind, n.id, former + 1, n.document::jsonb
        from unnest(kinds, ids, documents) as n (kind, id, document);
    delete from paceline.catalog_objects o using unnest(kinds, ids, documents) as n (kind, id, document)
        where o.kind = n.kind and o.id = n.id and n.document is null;
    insert into paceline.catalog_objects (kind, id, document, version)
        select n.kind, n.id, n.document::jsonb, former + 1
        from unnest(kinds, ids, documents) as n (kind, id, document) where n.document is not null
        on conflict (kind, id) do update set document = excluded.document, version = excluded.version;
    -- An older version is compiled again where somebody goes back to it.
    delete from paceline.blobs b where b.sha256 not in (
        select v.sha256 from paceline.catalog_versions v order by v.number desc limit 32);
    delete from paceline.answers a where a.at < now - interval '7 days';
    perform pg_notify('paceline_catalog', (former + 1)::text);
    select * into held from paceline.leadership for share;
    if held.epoch <> wanted or held.leader <> process then
        raise exception 'epoch % is led by %', held.epoch, held.name using errcode = 'PL001';
    end if;
end $$;
