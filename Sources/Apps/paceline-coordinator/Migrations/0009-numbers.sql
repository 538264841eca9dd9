-- Whether all that was ever acknowledged has its number outside the database: from when a leader that keeps numbers had its findings
-- written down, until one leads that keeps none. A coordinator of the version before is such a one.

alter table paceline.timeline add column is_numbered boolean not null default false;

-- As before, and whoever claims by it keeps no numbers.
create or replace function paceline.claim(
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
    update paceline.timeline t set is_numbered = false where t.is_numbered;
end $$;

-- The same by one that keeps them.
create function paceline.claim_numbered(
    former_epoch bigint, former_renewals bigint, wanted bigint, process bigint, name text, address text
) returns void language plpgsql as $$
declare was boolean;
begin
    select t.is_numbered into was from paceline.timeline t;
    perform paceline.claim(former_epoch, former_renewals, wanted, process, name, address);
    update paceline.timeline t set is_numbered = was where t.is_numbered <> was;
end $$;
