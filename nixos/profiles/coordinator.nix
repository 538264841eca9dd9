# A host with the role coordinator: the ledger's root, on whatever is the primary of the database.
{ config, lib, fleet, host, ... }:
let
  issuer = import ../lib/issuer.nix { inherit lib fleet host; };
  holders = fleet.holdersOfRoot host.environment;
  regions = import ../lib/regions.nix { inherit lib fleet; } host.environment;
  unknown = lib.subtractLists holders (lib.concatMap (region: region.holders) regions);
in
{
  imports = [
    ./identity.nix
    ./database-route.nix
  ];

  paceline.secrets.ledger-password.units = [ "paceline-coordinator.service" ];

  services.paceline.coordinator = {
    enable = true;
    credentials.ledger-password = config.paceline.secrets.ledger-password.path;
    settings = {
      name = host.name;
      inherit holders regions;
      listen = [ (issuer.listener fleet.ports.coordinator) ];
      admin = {
        address = host.mesh;
        port = fleet.ports.admin;
      };
      database = {
        address = "127.0.0.1";
        port = fleet.ports.database;
        passwordFile = "/run/credentials/paceline-coordinator.service/ledger-password";
      };
      # The collector of this host, which passes them on.
      traces = {
        address = "127.0.0.1";
        port = fleet.ports.traces;
      };
      # The same that Patroni asks: a promotion that lost nothing is not audited.
      numbers.etcd = map (one: {
        address = one.mesh;
        port = fleet.ports.etcdClient;
      }) (fleet.withRole host.environment "etcd");
    };
  };
  systemd.services.paceline-coordinator = {
    # No requirement: it waits for its database anyway.
    wants = [ "haproxy.service" ];
    after = [ "haproxy.service" ];
    serviceConfig.SupplementaryGroups = [ "identity" ];
  };

  assertions = [
    {
      assertion = unknown == [ ];
      message = "nixos/holders.json: `root` of ${host.environment} has no ${lib.concatStringsSep ", " unknown}: a broker that the fleet file has, and by whose word coordinators move a region. Add it at the end: a holder's number in the ledger is its place there.";
    }
    {
      assertion = lib.length holders <= 64;
      message = "nixos/holders.json: ${host.environment} has ${toString (lib.length holders)} holders, and a root takes 64: the brokers of 32 regions.";
    }
    {
      assertion = lib.length (lib.unique holders) == lib.length holders;
      message = "nixos/holders.json: a name stands twice in ${host.environment}. Each has one place, which is never given to another.";
    }
  ];
}
