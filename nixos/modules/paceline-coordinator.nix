# services.paceline.coordinator: the root of the ledger under systemd. Its settings are the file of
# docs/coordinator-settings.md. It keeps nothing on the host: all of it is in Postgres.
import ../lib/daemon.nix {
  name = "coordinator";
  title = "coordinator";

  settingsOptions =
    { config, lib, cfg }:
    {
      name = lib.mkOption {
        type = lib.types.str;
        default = config.networking.hostName;
        defaultText = lib.literalExpression "config.networking.hostName";
        description = "What the leadership row and its log call this coordinator.";
      };
      holders = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        description = "Who may hold money of the root. A holder's number is its place here: names are only ever added at the end.";
      };
      roles = lib.mkOption {
        type = lib.types.listOf (
          lib.types.submodule {
            options.certificate = lib.mkOption {
              type = lib.types.strMatching "[!-)+-~]+(/\\*)?";
              example = "spiffe://ads.example/people/*";
              description = "A URI or a DNS name of the certificate's alternative names; a URI that ends in /* is all below it.";
            };
            options.role = lib.mkOption {
              type = lib.types.enum [
                "viewer"
                "operator"
                "trafficker"
                "admin"
              ];
              description = "What whoever shows it may do.";
            };
          }
        );
        default = [ ];
        description = "Which client certificates may ask the admin API without a token. The first one that fits decides; `settings.admin.tls` has to ask for them.";
      };
      rates = lib.mkOption {
        type = lib.types.submodule {
          freeformType = lib.types.attrsOf lib.types.ints.positive;
        };
        default = { };
        example = {
          changesPerSecond = 5;
          changeBurst = 100;
        };
        description = "How often each token, certificate and address may ask the admin API.";
      };
      consoleDirectory = lib.mkOption {
        type = lib.types.str;
        default = "${cfg.package}/share/paceline/console";
        defaultText = lib.literalExpression ''"''${package}/share/paceline/console"'';
        description = "The console's pages, which the package brings.";
      };
      database.migrationsDirectory = lib.mkOption {
        type = lib.types.str;
        default = "${cfg.package}/share/paceline/migrations";
        defaultText = lib.literalExpression ''"''${package}/share/paceline/migrations"'';
        description = "The ledger's tables, which the package brings.";
      };
    };

  # No WatchdogSec: the coordinator says when it is ready and when it leaves, and nothing in between. A leader that hangs
  # loses the leadership row to another.
  serviceConfig = {
    LimitNOFILE = 65536;
    OOMScoreAdjust = -500;
  };
}
