# Each assertion of ours, with a change that it is there for: what it has to say, and what the changed host does say.
{
  inputs,
  secrets,
  # A folder without secrets.
  none,
}:
let
  plain = import ./eval.nix { inherit inputs secrets; };
  changed =
    arguments:
    import ./eval.nix (
      {
        inherit inputs secrets;
        inherit (plain) pkgs;
      }
      // arguments
    );
  refusedBy = made: host: says: {
    inherit says;
    found = made.failed.${host};
  };
  refused =
    host: says: arguments:
    refusedBy (changed arguments) host says;
  text = name: builtins.readFile (../. + "/${name}.json");
  replaced = name: from: to: builtins.fromJSON (builtins.replaceStrings [ from ] [ to ] (text name));
  # Once for all that is refused of each.
  holding =
    names:
    changed {
      files.holders.production = {
        root = names;
        regions.us-east = names;
      };
    };
  holdingNothing = holding [ ];
  holdingMany = holding (builtins.genList (number: "one-${toString number}") 65);
  holdingTwice = holding [
    "a"
    "a"
  ];
  # As they are in the repository: nobody's.
  operators = builtins.fromJSON (text "operators");
in
[
  (refused "us-east-node-1" "services.paceline.node.credentials: a secret in the Nix store is readable by everyone" {
    change.services.paceline.node.credentials."tls.key" = "/nix/store/made-up/key";
  })
  (refused "us-east-control-1" "services.paceline.coordinator.credentials: a secret in the Nix store" {
    change.services.paceline.coordinator.credentials."tls.key" = "/nix/store/made-up/key";
  })
  (refused "us-east-node-1" "services.paceline.node.settings.listen: a port stands twice" {
    # Beside the profile's own.
    change.services.paceline.node.settings.listen = [ { port = 8080; } ];
  })
  (refusedBy holdingTwice "us-east-control-1" "nixos/holders.json: a name stands twice in production")
  (refusedBy holdingNothing "us-east-control-1" "nixos/holders.json: `root` of production has no us-east-broker-1, us-east-broker-2")
  (refusedBy holdingMany "us-east-control-1" "production has 65 holders, and a root takes 64")
  (refusedBy holdingNothing "us-east-node-1" "nixos/holders.json: us-east has no us-east-node-1")
  (refusedBy holdingNothing "us-east-broker-1" "nixos/holders.json: `root` of production has no us-east-broker-1")
  (refusedBy holdingNothing "us-east-broker-1" "nixos/holders.json: `regions` of production has no nodes of us-east")
  (refusedBy holdingTwice "us-east-broker-1" "nixos/holders.json: a name stands twice in us-east")
  (refusedBy holdingMany "us-east-broker-1" "us-east has 65 nodes, and a broker takes 64")
  (refused "us-east-node-1" "nixos/operators.json: `authorities` is empty" { files = { inherit operators; }; })
  (refused "us-east-watch-1" "nixos/operators.json: `enrolment` is no public JWK" { files = { inherit operators; }; })
  # A rule of nixpkgs that ours lean on: nobody accepts terms for others.
  (refused "us-east-edge-1" "You must accept the CA's terms of service" { files = { inherit operators; }; })
  (refused "us-east-node-1" "nixos/fleet.state.json has no public address of us-east-node-1" {
    files.state.regions = { };
  })
  (refused "us-east-node-1" "nixos/keys.json has no key of us-east-node-1" { files.keys = { }; })
  (refused "us-east-node-1" "a port stands twice in `ports`" { files.traffic = replaced "traffic" "9100" "9900"; })
  (refused "us-east-control-1" "production: all its databases are in one cloud" {
    files.fleet = replaced "fleet" ''"cloud": "gcp"'' ''"cloud": "aws"'';
  })
  (refused "us-east-node-1" "us-east has the node us-east-node-1 and no broker" {
    files.fleet = replaced "fleet" ''"broker"'' ''"node"'';
  })
  (refused "us-east-edge-1" "us-east has the edge us-east-edge-1 and no node" {
    files.fleet = replaced "fleet" ''"node"'' ''"broker"'';
  })
]
++ (
  if builtins.pathExists (inputs + "/sops-nix") then
    [ (refused "us-east-node-1" "nixos/secrets/us-east-node-1.yaml is not there" { secrets = none; }) ]
  else
    [ ]
)
