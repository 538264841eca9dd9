# services.paceline.node: the decision node under systemd. Its settings are the file of docs/settings.md, which
# `paceline check-config` has accepted before anything is deployed.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.paceline.node;
  format = pkgs.formats.json { };
  unchecked = format.generate "paceline-node.json" cfg.settings;
  checked =
    pkgs.runCommand "paceline-node-checked.json"
      {
        nativeBuildInputs = [ cfg.package ];
      }
      ''
        paceline check-config ${unchecked}
        cp ${unchecked} $out
      '';
  ports = map (listener: listener.port) cfg.settings.listen;
in
{
  options.services.paceline.node = {
    enable = lib.mkEnableOption "the decision node of Paceline";

    package = lib.mkPackageOption pkgs "paceline" { };

    settings = lib.mkOption {
      description = "The node's settings file: docs/settings.md has every key, its range and its reason.";
      type = lib.types.submodule {
        freeformType = format.type;
        options = {
          daemon = lib.mkOption {
            type = lib.types.enum [ "node" ];
            default = "node";
            description = "Which daemon the file is for.";
          };
          node.name = lib.mkOption {
            type = lib.types.str;
            default = config.networking.hostName;
            defaultText = lib.literalExpression "config.networking.hostName";
            description = "What metrics, journals and sessions call this node.";
          };
          node.region = lib.mkOption {
            type = lib.types.str;
            example = "us-east";
            description = "The region that it serves.";
          };
          listen = lib.mkOption {
            type = lib.types.listOf (
              lib.types.submodule {
                freeformType = format.type;
                options.address = lib.mkOption {
                  type = lib.types.str;
                  default = "0.0.0.0";
                  description = "The address that is bound.";
                };
                options.port = lib.mkOption {
                  type = lib.types.port;
                  description = "The port that is bound.";
                };
              }
            );
            default = [ { port = 8080; } ];
            description = "Where requests come in.";
          };
          drain.timeoutMilliseconds = lib.mkOption {
            # Its range is check-config's to say.
            type = lib.types.ints.unsigned;
            default = 30000;
            description = "From the signal to the exit, the notice included. systemd waits ten seconds more.";
          };
        };
      };
    };

    credentials = lib.mkOption {
      # Text and no path: Nix copies paths into its store.
      type = lib.types.attrsOf (lib.types.strMatching "/.+");
      default = { };
      example = lib.literalExpression ''{ "tls.key" = "/run/secrets/node-tls-key"; }'';
      description = ''
        Secrets by name, as paths outside of the store. The node reads each as
        /run/credentials/paceline-node.service/NAME, which is what settings have to say.
      '';
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Let requests in at every port of `settings.listen`. Operators' ports stay closed.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = lib.all (path: !lib.hasPrefix builtins.storeDir path) (
          lib.attrValues cfg.credentials
        );
        message = "services.paceline.node.credentials: a secret in the Nix store is readable by everyone. Give a path outside of it, as sops-nix or agenix make one.";
      }
      {
        assertion = lib.length (lib.unique ports) == lib.length ports;
        message = "services.paceline.node.settings.listen: a port stands twice. Give each listener a port of its own.";
      }
    ];

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall ports;

    users.users.paceline-node = {
      isSystemUser = true;
      group = "paceline-node";
      description = "Paceline's decision node";
    };
    users.groups.paceline-node = { };

    # The command beside the daemon: status, explain, replay, budgets.
    environment.systemPackages = [ cfg.package ];

    systemd.services.paceline-node = {
      description = "Paceline decision node";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # What was recorded before a crash is read at each start: a node that ends at once is no reason to try for ever.
      startLimitIntervalSec = 300;
      startLimitBurst = 20;

      serviceConfig = {
        Type = "notify";
        ExecStart = "${lib.getExe' cfg.package "paceline-node"} --config ${checked}";
        # Certificates are read again; nothing else changes without a start.
        ExecReload = "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID";
        Restart = "on-failure";
        RestartSec = 1;
        WatchdogSec = 10;
        # Beyond its own drain the node has nothing left to finish.
        TimeoutStopSec = cfg.settings.drain.timeoutMilliseconds / 1000 + 10;
        User = "paceline-node";
        Group = "paceline-node";
        StateDirectory = "paceline";
        StateDirectoryMode = "0750";
        LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") cfg.credentials;

        # One descriptor for each connection and file; connections are bounded by settings, and this is far above.
        LimitNOFILE = 1048576;
        # Compiled models are locked in memory. io_uring's rings count as such, too: where there is none of it the node falls
        # back to epoll.
        LimitMEMLOCK = "infinity";
        OOMScoreAdjust = -500;

        # Hardening: it talks TCP, writes its state directory, and nothing else.
        AmbientCapabilities = [ "" ];
        CapabilityBoundingSet = [ "" ];
        DevicePolicy = "closed";
        KeyringMode = "private";
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateIPC = true;
        PrivateMounts = true;
        PrivateTmp = true;
        PrivateUsers = true;
        ProcSubset = "pid";
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RemoveIPC = true;
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_UNIX"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        # io_uring's three calls are in @aio, which is in @system-service.
        SystemCallFilter = [
          "@system-service"
          "~@privileged @resources"
          # Shards stay on their cores, and what loads catalogs steps behind them.
          "sched_setaffinity setpriority"
        ];
        UMask = "0027";
      };
    };
  };
}
