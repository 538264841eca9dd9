# The daemons and the operator's command, built by nixpkgs' own Swift, which has to be 6.2 or later.
{
  lib,
  stdenv,
  swift,
  swiftpm,
  swiftPackages,
  pkg-config,
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
    liburing
    openssl
    swiftPackages.stdlib
  ];

  # No package from outside is fetched: there is none.
  buildPhase = ''
    runHook preBuild
    swift build --configuration release --disable-sandbox --product paceline
    swift build --configuration release --disable-sandbox --product paceline-node
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 0755 -t $out/bin .build/release/paceline .build/release/paceline-node
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
