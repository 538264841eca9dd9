# The fleet as modules see it: every host with its region, who has which role, which port is whose, and what the clouds and
# the operators add. What the fleet file must hold is checked by `paceline fleet check`, and not once more here.
{ lib }:
{
  # The fleet file.
  file,
  # What traffic goes where: traffic.json, which Terraform's firewall is made from too.
  traffic,
  # Who may log in, and from where: operators.json.
  operators,
  # Who holds money of the root, and who of a region's brokers, by environment, in the order that is never changed:
  # holders.json.
  holders,
  # Where backups and journals lie, and for how long: storage.json.
  storage,
  # Public addresses, as `paceline fleet absorb` keeps them.
  state,
  # WireGuard's public keys by host: keys.json.
  keys,
}:
let
  kinds = lib.listToAttrs (map (cloud: lib.nameValuePair cloud.name cloud.kind) file.clouds);
  withKind =
    region:
    removeAttrs region [ "hosts" ]
    // {
      kind = kinds.${region.cloud};
    };
  hostsOf =
    region:
    map (
      host:
      lib.nameValuePair host.name (
        host
        // {
          region = withKind region;
          inherit (region) environment;
          public = state.regions.${region.name}.hosts.${host.name}.public or null;
          key = keys.${host.name} or null;
          has = role: role == "all" || lib.elem role host.roles;
        }
      )
    ) region.hosts;
in
rec {
  inherit (file) domain environments;
  inherit traffic operators storage;
  inherit (file.mesh) network;
  prefixLength = lib.toInt (lib.last (lib.splitString "/" network));
  ports = file.ports // traffic.ports // { mesh = file.mesh.port; };

  # In the fleet file's order, without their hosts.
  regions = map withKind file.regions;
  hosts = lib.listToAttrs (lib.concatMap hostsOf file.regions);

  # Those of an environment, sorted by name.
  environment = name: lib.filter (host: host.environment == name) (lib.attrValues hosts);
  withRole = environmentName: role: lib.filter (host: host.has role) (environment environmentName);
  # Whom coordinators give money to, and whom the brokers of a region.
  holdersOfRoot = environmentName: holders.${environmentName}.root or [ ];
  holdersOfRegion = region: holders.${region.environment}.regions.${region.name} or [ ];
  # The brokers of a region, sorted by name.
  brokersOf = region: lib.filter (host: host.region.name == region.name) (withRole region.environment "broker");

  # As terraform/modules/fleet names it, in both clouds alike.
  bucket = purpose: environmentName: "${environmentName}-${purpose}-${lib.replaceStrings [ "." ] [ "-" ] file.domain}";

  # The last sixteenth of a region's network of 16 or 24 bits: where Google's balancers have their proxies, as
  # terraform/modules/fleet cuts it.
  proxies =
    region:
    let
      parts = lib.splitString "/" region.network;
      bytes = lib.splitString "." (lib.head parts);
      at = index: lib.elemAt bytes index;
    in
    if lib.last parts == "16" then
      "${at 0}.${at 1}.240.0/20"
    else if lib.last parts == "24" then
      "${at 0}.${at 1}.${at 2}.240/28"
    else
      throw "${region.name}: ${region.network} has neither 16 nor 24 bits, and nixos/lib/fleet.nix cuts no others";
}
