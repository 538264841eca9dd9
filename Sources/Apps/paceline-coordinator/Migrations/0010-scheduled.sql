-- Changes of the catalog that are to be made at a set time, and what became of each. A coordinator of the version before makes none of
-- them: they wait until another one leads.

create table paceline.scheduled_changes (
    number bigint primary key check (number > 0),
    due timestamptz not null,
    -- What is to be done, as it was asked for: to which thing, back to which version, with which body.
    deed text not null check (deed in ('put', 'delete', 'add', 'import', 'rollback', 'pause', 'resume')),
    kind text,
    id text,
    target bigint,
    body bytea not null,
    -- What the change is meant for: a version, whatever is there, what is not there, or nothing was said.
    condition text not null check (condition in ('nothing', 'absent', 'present', 'version')),
    seen bigint,
    who text not null,
    note text not null,
    made_at timestamptz not null,
    state text not null check (state in ('waiting', 'made', 'refused', 'cancelled', 'dismissed')),
    settled_at timestamptz,
    settled_by text,
    -- Which version it published; none where it was so already.
    version bigint,
    reason jsonb,
    check ((state = 'waiting') = (settled_at is null))
);
create index scheduled_waiting on paceline.scheduled_changes (due, number) where state = 'waiting';
create index scheduled_refused on paceline.scheduled_changes (number) where state = 'refused';

-- Keeps a change for its time. What was settled a quarter ago is forgotten, but for what was refused and nobody has dismissed, and for
-- the last one: its number is not given again.
create function paceline.schedule_change(
    wanted bigint, process bigint, former bigint, at timestamptz, what text, of_kind text, of_id text, back_to bigint,
    content bytea, meant text, meant_version bigint, author text, remark text, now timestamptz
) returns void language plpgsql as $$
declare last bigint;
begin
    lock table paceline.scheduled_changes in share row exclusive mode;
    select coalesce(max(number), 0) into last from paceline.scheduled_changes;
    if last <> former then
        raise exception 'the last scheduled change is %, and not %', last, former using errcode = 'PL002';
    end if;
    insert into paceline.scheduled_changes (number, due, deed, kind, id, target, body, condition, seen, who, note, made_at, state)
        values (former + 1, at, what, of_kind, of_id, back_to, content, meant, meant_version, author, remark, now, 'waiting');
    insert into paceline.audit (at, who, what, kind, id, after) values (
        now, author, 'schedule ' || what, 'scheduled', (former + 1)::text,
        jsonb_build_object('at', at, 'kind', of_kind, 'id', of_id, 'target', back_to, 'note', remark));
    delete from paceline.scheduled_changes s
        where s.settled_at < now - interval '90 days' and s.state <> 'refused' and s.number <= former;
    delete from paceline.answers a where a.at < now - interval '7 days';
    perform paceline.require_leader(wanted, process);
end $$;

-- What became of one, once: where somebody else has said it meanwhile nothing is done. Whoever writes it asks for the leadership row
-- behind it, in the same transaction.
create function paceline.settle_scheduled(
    one bigint, former text, becomes text, published bigint, why text, now timestamptz, author text, deed text
) returns void language plpgsql as $$
begin
    update paceline.scheduled_changes s set state = becomes, settled_at = coalesce(s.settled_at, now),
            settled_by = coalesce(s.settled_by, author), version = coalesce(s.version, published),
            reason = coalesce(s.reason, why::jsonb)
        where s.number = one and s.state = former;
    if not found then
        raise exception 'scheduled change % is not % any more', one, former using errcode = 'PL002';
    end if;
    if deed <> '' then
        insert into paceline.audit (at, who, what, kind, id, version, after)
            values (now, author, deed, 'scheduled', one::text, published, why::jsonb);
    end if;
end $$;
