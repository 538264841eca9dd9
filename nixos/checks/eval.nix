# What `./dev test nix` looks at, from what is at hand and without building anything: what hosts render, and which of their
# assertions fail. The package is a stand-in, since no closure is built; addresses, keys and operators are made up.
{
  # A folder with nixpkgs, and as far as they are there disko, sops-nix and deploy-rs.
  inputs,
  # One more module: what a test changes.
  change ? { },
  # What stands in a file instead, by the file's name: what a test changes.
  files ? { },
  # A folder with an encrypted file for each host.
  secrets ? ../secrets,
  # nixpkgs itself, where it was made before: it is most of the time of an evaluation.
  pkgs ? import (inputs + "/nixpkgs") {
    system = "x86_64-linux";
    overlays = [
      (
        final: _:
        {
          paceline = final.writeShellScriptBin "paceline" "";
        }
        # Copies of nixpkgs for evaluation alone leave out Haskell's packages, of which systems want one while they are built.
        // (
          if builtins.pathExists (inputs + "/nixpkgs/pkgs/development/haskell-modules/hackage-packages.nix") then
            { }
          else
            {
              shellcheck-minimal = final.writeShellScriptBin "shellcheck" "" // {
                compiler.bootstrapAvailable = false;
              };
            }
        )
      )
    ];
  },
}:
let
  nixpkgs = inputs + "/nixpkgs";
  lib = import (nixpkgs + "/lib");
  has = name: builtins.pathExists (inputs + "/${name}");

  made = import ../hosts.nix {
    inherit lib;
    files = {
      state = import ./state.nix { inherit lib; } (files.fleet or (lib.importJSON ../fleet.json));
      # 44 signs of Base64 that are 32 bytes, different for each host.
      keys = lib.genAttrs (lib.concatMap (region: map (host: host.name) region.hosts) (files.fleet or (lib.importJSON ../fleet.json)).regions) (
        name: "${lib.substring 0 42 (builtins.hashString "sha256" name)}A="
      );
      operators = {
        authorities = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMade0Up0For0Checks0And0Nothing0Else0000000 check" ];
        networks = [ "192.0.2.0/24" ];
        peers.someone = {
          mesh = "10.90.255.1";
          key = "c29tZW9uZSBvbiBhIGxhcHRvcCwgbWFkZSB1cC4uLi4=";
        };
        enrolment = {
          kty = "EC";
          crv = "P-256";
          x = "made-up";
          y = "made-up";
        };
        acme = {
          acceptTerms = true;
          email = "operators@ads.example.com";
        };
      };
    }
    // files;
    inherit secrets;
    modules = [
      ../modules/paceline-node.nix
      ../modules/paceline-broker.nix
      ../modules/paceline-coordinator.nix
    ]
    ++ (if has "disko" then [ (inputs + "/disko/module.nix") ] else [ ./no-disko.nix ])
    ++ lib.optionals (has "sops-nix") [
      (inputs + "/sops-nix/modules/sops")
      ../platforms/sops.nix
    ];
  };
  evaluate =
    modules:
    import (nixpkgs + "/nixos/lib/eval-config.nix") {
      inherit lib;
      system = null;
      modules = modules ++ [
        change
        { nixpkgs.pkgs = pkgs; }
      ];
    };
  configurations = lib.mapAttrs (_: host: evaluate host.modules) made.hosts;
  # Of deploy-rs only its overlay is looked at, which needs none of its inputs.
  deploy-rs =
    ((import (inputs + "/deploy-rs/flake.nix")).outputs {
      self = { };
      nixpkgs = { };
      utils.lib = {
        defaultSystems = [ ];
        eachSystem = _: _: { };
      };
    }).overlays.default;

  # The service of each unit that is ours or that ours need, as it is written for systemd.
  units = [
    "paceline-node"
    "paceline-broker"
    "paceline-coordinator"
    "identity"
    "backup"
    "ship-journals"
    "backup-restore-check"
    "patroni"
    "etcd"
    "haproxy"
  ];
  # As Prometheus's module leaves out what nobody set.
  withoutNulls =
    value:
    if lib.isAttrs value then
      lib.mapAttrs (_: withoutNulls) (lib.filterAttrs (name: one: one != null && name != "_module") value)
    else if lib.isList value then
      map withoutNulls value
    else
      value;
in
rec {
  inherit pkgs;
  names = lib.attrNames made.hosts;
  # One host for each set of roles and kind of cloud.
  # What coordinators know of the regions, and what they would if all of them left.
  regions =
    let
      of = fleet: lib.concatMap (one: import ../lib/regions.nix { inherit lib fleet; } one.name) fleet.environments;
    in
    {
      staying = of made.fleet;
      leaving = of (made.fleet // { regions = map (region: region // { leaving = true; }) made.fleet.regions; });
    };
  samples = lib.attrNames (
    lib.listToAttrs (
      map (group: lib.nameValuePair (lib.head group).name null) (
        lib.attrValues (
          lib.groupBy (host: "${host.region.kind} ${lib.concatStringsSep " " host.roles}") (
            lib.attrValues made.fleet.hosts
          )
        )
      )
    )
  );
  failed = lib.mapAttrs (
    _: one: map (assertion: assertion.message) (lib.filter (assertion: !assertion.assertion) one.config.assertions)
  ) configurations;
  # Of every host, or of one of each kind.
  rendered = {
    names = all;
    samples = lib.getAttrs samples all;
  };
  all = lib.mapAttrs (
    host: one:
    let
      inherit (one) config;
      when = condition: value: if condition then value else null;
    in
    {
      failed = failed.${host};
      warnings = config.warnings;
      units = lib.filterAttrs (_: text: text != null) (
        lib.genAttrs units (unit: config.systemd.units."${unit}.service".text or null)
      );
      # By whom each is read, where sops-nix is there to say it.
      secrets = lib.mapAttrs (_: secret: secret.group) (config.sops.secrets or { });
      nftables = config.networking.nftables.tables."nixos-fw".content;
      haproxy = when config.services.haproxy.enable config.services.haproxy.config;
      patroni = when config.services.patroni.enable (builtins.toJSON config.services.patroni.settings);
      backups = when config.services.patroni.enable config.environment.etc."pgbackrest/pgbackrest.conf".source.text;
      etcd = when config.services.etcd.enable config.systemd.services.etcd.environment;
      prometheus = when config.services.prometheus.enable (withoutNulls {
        global = config.services.prometheus.globalConfig;
        rule_files = map toString config.services.prometheus.ruleFiles;
        scrape_configs = config.services.prometheus.scrapeConfigs;
        alerting.alertmanagers = config.services.prometheus.alertmanagers;
      });
      alertmanager = when config.services.prometheus.alertmanager.enable config.services.prometheus.alertmanager.configText;
      # What has no checker of its own here, but has to be JSON.
      collector = config.services.opentelemetry-collector.settings;
      loki = when config.services.loki.enable config.services.loki.configuration;
      tempo = when config.services.tempo.enable config.services.tempo.settings;
      authority = when config.services.step-ca.enable config.services.step-ca.settings;
      node = when config.services.paceline.node.enable (builtins.toJSON config.services.paceline.node.settings);
      broker = when config.services.paceline.broker.enable (builtins.toJSON config.services.paceline.broker.settings);
      coordinator = when config.services.paceline.coordinator.enable (
        builtins.toJSON config.services.paceline.coordinator.settings
      );
    }
  ) configurations;

  images = lib.genAttrs [ "amazon" "google-compute" ] (
    kind: (evaluate made.image).config.system.build.images.${kind}.drvPath
  );

  tests = lib.mapAttrs (_: test: test.drvPath) (
    import ../tests {
      inherit lib pkgs;
      overlay = _: _: { };
    }
  );

  # Every host as a whole, and as deploy-rs would deploy it where that is there.
  systems = lib.mapAttrs (
    host: one:
    {
      system = one.config.system.build.toplevel.drvPath;
    }
    // lib.optionalAttrs (has "deploy-rs") { deploy = deploy.${host}; }
  ) configurations;

  deploy = lib.mapAttrs (_: node: node.profiles.system.path.drvPath) (import ../deploy.nix {
    inherit lib configurations;
    inherit (made) hosts;
    inherit ((pkgs.extend deploy-rs).deploy-rs.lib) activate;
  }).nodes;
}
