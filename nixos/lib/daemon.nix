# What all daemons of Paceline have in common as NixOS modules: typed settings that become the JSON which
# `paceline check-config` has accepted, secrets as credentials, the ports that may be opened, and one hardened unit.
# What is a daemon's own comes in as arguments.
{
  # As in paceline-NAME.
  name,
  title,
  # Options beside those that are common; any key of the settings file may be set, whether it has an option or not.
  settingsOptions ? _: { },
  # What it keeps its state in, below /var/lib; null where it keeps none.
  state ? null,
  # What differs in [Service], with reasons.
  serviceConfig ? { },
}:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.paceline.${name};
  option = "services.paceline.${name}";
  unit = "paceline-${name}";
  format = pkgs.formats.json { };
  unchecked = format.generate "${unit}.json" cfg.settings;
  checked = pkgs.runCommand "${unit}-checked.json" { nativeBuildInputs = [ cfg.package ]; } ''
    paceline check-config ${unchecked}
    cp ${unchecked} $out
  '';
  ports = map (listener: listener.port) cfg.settings.listen;
in
{
  options.services.paceline.${name} = {
    enable = lib.mkEnableOption "Paceline's ${title}";

    package = lib.mkPackageOption pkgs "paceline" { };

    settings = lib.mkOption {
      description = "The ${name}'s settings file: docs has a page with every key, its range and its reason.";
      type = lib.types.submodule {
        freeformType = format.type;
        options = lib.recursiveUpdate {
          daemon = lib.mkOption {
            type = lib.types.enum [ name ];
            default = name;
            description = "Which daemon the file is for.";
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
            description = "Where requests come in.";
          };
          drain.timeoutMilliseconds = lib.mkOption {
            # Its range is check-config's to say.
            type = lib.types.ints.unsigned;
            default = 30000;
            description = "From the signal to the exit, the notice included. systemd waits ten seconds more.";
          };
        } (settingsOptions { inherit config lib cfg; });
      };
    };

    credentials = lib.mkOption {
      # Text and no path: Nix copies paths into its store.
      type = lib.types.attrsOf (lib.types.strMatching "/.+");
      default = { };
      example = lib.literalExpression ''{ "tls.key" = "/run/secrets/${name}-tls-key"; }'';
      description = ''
        Secrets by name, as paths outside of the store. The daemon reads each as
        /run/credentials/${unit}.service/NAME, which is what settings have to say.
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
        assertion = lib.all (path: !lib.hasPrefix builtins.storeDir path) (lib.attrValues cfg.credentials);
        message = "${option}.credentials: a secret in the Nix store is readable by everyone. Give a path outside of it, as sops-nix or agenix make one.";
      }
      {
        assertion = lib.length (lib.unique ports) == lib.length ports;
        message = "${option}.settings.listen: a port stands twice. Give each listener a port of its own.";
      }
    ];

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall ports;

    users.users.${unit} = {
      isSystemUser = true;
      group = unit;
      description = "Paceline's ${title}";
    };
    users.groups.${unit} = { };

    # The command beside the daemon: status, explain, replay, budgets, ledger.
    environment.systemPackages = [ cfg.package ];

    systemd.services.${unit} = {
      description = "Paceline ${title}";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      # What was recorded before a crash is read at each start: a daemon that ends at once is no reason to try for ever.
      startLimitIntervalSec = 300;
      startLimitBurst = 20;

      serviceConfig =
        import ./hardening.nix
        // {
          Type = "notify";
          ExecStart = "${lib.getExe' cfg.package unit} --config ${checked}";
          # Certificates are read again; nothing else changes without a start.
          ExecReload = "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID";
          Restart = "on-failure";
          RestartSec = 1;
          # A start reads what the journals kept, up to gigabytes of each shard: one that is ended over it only begins again.
          TimeoutStartSec = "15min";
          # Beyond its own drain it has nothing left to finish.
          TimeoutStopSec = cfg.settings.drain.timeoutMilliseconds / 1000 + 10;
          User = unit;
          Group = unit;
          LoadCredential = lib.mapAttrsToList (credential: path: "${credential}:${path}") cfg.credentials;
          # Compiled models are locked in memory, and rings of io_uring count as such, too: without it epoll takes their place. Their three calls
          # are in @aio, which is in @system-service.
          LimitMEMLOCK = "infinity";
          # What leaks is ended while the machine has memory left for whoever looks, and for the rest of what runs there.
          MemoryMax = "90%";
        }
        // lib.optionalAttrs (state != null) {
          StateDirectory = state;
          StateDirectoryMode = "0750";
          # What a start must know that no copy of the disk brings back: it outlives the process, and not the boot.
          RuntimeDirectory = unit;
          RuntimeDirectoryMode = "0750";
          RuntimeDirectoryPreserve = "yes";
        }
        // serviceConfig;
    };
  };
}
