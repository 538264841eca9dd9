# From the fleet file to NixOS configurations, one for each host: what every host has, what its roles add, and what its cloud
# does.
{
  lib,
  # Modules that come from elsewhere: Paceline's own with their package, disko, sops-nix.
  modules,
  # The files beside the fleet file, by name; those in this folder where nothing else is said.
  files ? { },
  # One encrypted file for each host.
  secrets ? ./secrets,
  # What a machine adds, by its name.
  machines ? ./machines,
  # What a kind of cloud adds.
  platforms ? {
    aws = ./platforms/aws.nix;
    gcp = ./platforms/gcp.nix;
    bare = ./platforms/bare.nix;
  },
}:
let
  read = name: files.${name} or (lib.importJSON (./. + "/${name}.json"));
  fleet = import ./lib/fleet.nix { inherit lib; } {
    file = read "fleet";
    traffic = read "traffic";
    operators = read "operators";
    holders = read "holders";
    storage = read "storage";
    keys = read "keys";
    # Before the first `paceline fleet absorb` nothing is known, and hosts say so.
    state = files.state or (
      if builtins.pathExists ./fleet.state.json then lib.importJSON ./fleet.state.json else { regions = { }; }
    );
  };

  always = [
    ./modules/secrets.nix
    ./profiles/host.nix
    ./profiles/security.nix
    ./profiles/mesh.nix
    ./profiles/tuning.nix
    ./profiles/telemetry.nix
  ];
  roles = {
    node = [ ./profiles/node.nix ];
    broker = [ ./profiles/broker.nix ];
    coordinator = [ ./profiles/coordinator.nix ];
    database = [ ./profiles/database.nix ];
    etcd = [ ./profiles/etcd.nix ];
    observability = [ ./profiles/observability.nix ];
    edge = [ ./profiles/edge.nix ];
  };
  given = host: { _module.args = { inherit fleet host secrets; }; };
in
{
  inherit fleet;

  hosts = lib.mapAttrs (name: host: {
    inherit host;
    modules =
      let
        machine = machines + "/${name}.nix";
      in
      modules
      ++ always
      ++ lib.concatMap (role: roles.${role}) host.roles
      ++ [
        platforms.${host.region.kind}
        (given host)
      ]
      # What is so of this machine alone, as a bare one's disk.
      ++ lib.optional (builtins.pathExists machine) machine;
  }) fleet.hosts;

  # What new machines of the clouds start from, before anybody told them who they are: operators get in, and nothing else.
  image = [
    ./profiles/host.nix
    ./profiles/security.nix
    { nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux"; }
    (given {
      name = "paceline";
      roles = [ ];
      cores = 2;
      environment = "none";
      region = {
        name = "new";
        kind = "bare";
      };
      has = role: role == "all";
    })
  ];
}
