-- Where a region comes to stand is in the audit log too, whoever wanted it: also where it goes and comes back by itself.
-- The function of 0008 stays for coordinators of the version before.

create function paceline.note_region(
    wanted bigint, process bigint, region text, stands text, part bigint, now timestamptz, author text
) returns void language plpgsql as $$
declare
    last paceline.regions;
begin
    lock table paceline.regions in share row exclusive mode;
    select * into last from paceline.regions r where r.name = region;
    perform paceline.note_region(wanted, process, region, stands, part, now);
    -- Suspicion that is over again moved nothing.
    if coalesce(last.state, 'healthy') <> stands
        and not (coalesce(last.state, 'healthy') in ('healthy', 'suspect') and stands in ('healthy', 'suspect'))
    then
        insert into paceline.audit (at, who, what, kind, id, version, before, after) values (
            now, author, 'moved', 'region', region, coalesce(last.version, 1),
            jsonb_build_object('state', coalesce(last.state, 'healthy'), 'share', coalesce(last.share, 1000)),
            jsonb_build_object('state', stands, 'share', part, 'asked', coalesce(last.asked, 'serve')));
    end if;
end $$;
