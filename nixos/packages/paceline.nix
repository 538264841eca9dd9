# The daemons and the operator's command, built by nixpkgs' own Swift, which has to be 6.2 or later.
{
  lib,
  stdenv,
  swift,
  swiftpm,
  swiftPackages,
  pkg-config,
  libpq,
  liburing,
  openssl,
  source,
  version,
}:
stdenv.mkDerivation {
  pname = "paceline";
  inherit version;
  src = source;

  nativeBuildInputs = [
    swift
    swiftpm
    pkg-config
  ];
  buildInputs = [
    libpq
    liburing
    openssl
    swiftPackages.stdlib
  ];

  # No package from outside is fetched: there is none.
  buildPhase = ''
    runHook preBuild
    for product in paceline paceline-node paceline-broker paceline-coordinator; do
      swift build --configuration release --disable-sandbox --product $product
    done
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 0755 -t $out/bin .build/release/paceline{,-node,-broker,-coordinator}
    install -D -m 0644 -t $out/share/paceline/migrations Sources/Apps/paceline-coordinator/Migrations/*.sql
    install -D -m 0644 -t $out/share/paceline/console Sources/Apps/paceline-coordinator/Console/*
    runHook postInstall
  '';

  meta = {
    description = "Decides which ad wins every impression, at what price, and how budgets deliver";
    license = lib.licenses.asl20;
    mainProgram = "paceline";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
