// swift-tools-version: 6.2
// The benches: their own package, so that the product's never sees peers, load generators or Foundation.
// `bench [NAME] [--json] [--strict]` runs the executables `bench-NAME`; each reports through BenchKit.
import PackageDescription

/// The same language as the product's own targets.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

let warnings: [CSetting] = [
    .define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"]),
]

func bench(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: ["BenchKit"] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "Benchmarks",
    products: [
        .executable(name: "bench", targets: ["bench"]),
        .library(name: "BenchKit", targets: ["BenchKit"]),
    ],
    dependencies: [.package(name: "paceline", path: "..")],
    targets: [
        // What every bench reports through, and what starts and stops servers and load.
        .target(name: "BenchKit", swiftSettings: strict),
        .target(name: "Rig", dependencies: ["BenchKit"], swiftSettings: strict),
        bench("bench"),

        // In C: the load generator, and the server that ours must keep up with.
        .executableTarget(
            name: "load", cSettings: warnings,
            linkerSettings: ["uring", "ssl", "crypto", "m"].map { .linkedLibrary($0) }),
        .executableTarget(
            name: "cserver", cSettings: warnings, linkerSettings: [.linkedLibrary("uring")]),

        // Ours, as the benches start it: without Foundation, like the product.
        .executableTarget(
            name: "bench-server", dependencies: [.product(name: "PacelineEdge", package: "paceline")],
            swiftSettings: strict),

        bench("bench-http", ["Rig"]),
        bench("bench-tls", ["Rig"]),
        bench("bench-idle", ["Rig"]),

        // The peer gets what its own documentation advises: its kernel inlined for the machine at hand.
        .target(
            name: "CSimdjson", cxxSettings: [.unsafeFlags(["-march=native", "-O3", "-DNDEBUG"])],
            linkerSettings: ["simdjson", "stdc++"].map { .linkedLibrary($0) }),
        bench(
            "bench-pods",
            [
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PodGenerator", package: "paceline"),
            ]),
        bench(
            "bench-journal",
            [
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PacelineEdge", package: "paceline"),
            ]),
        bench("bench-json", ["CSimdjson", .product(name: "PacelineCore", package: "paceline")]),

        bench("bench-catalog", [.product(name: "PacelineCore", package: "paceline")]),
        bench("bench-frequency", [.product(name: "PacelineCore", package: "paceline")]),
        bench(
            "bench-pacing",
            [
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PacelineMarket", package: "paceline"),
            ]),
        bench(
            "bench-hydrate",
            [
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PacelineEdge", package: "paceline"),
            ]),
        .executableTarget(
            name: "bench-infer",
            dependencies: ["BenchKit", .product(name: "PacelineCore", package: "paceline")],
            exclude: ["peers.py", "loops.c"], swiftSettings: strict),
        bench("bench-openrtb", [.product(name: "PacelineCore", package: "paceline")]),
        // A catalog and requests for a node that is measured.
        .target(name: "CExchange", cSettings: warnings),
        .target(
            name: "Traffic",
            dependencies: ["BenchKit", "CExchange", .product(name: "PacelineCore", package: "paceline")],
            swiftSettings: strict),
        .executableTarget(
            name: "bench-fleet",
            dependencies: [
                "BenchKit", "Rig",
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PacelineEdge", package: "paceline"),
                .product(name: "PostgresServer", package: "paceline"),
            ], exclude: ["processes.py"], swiftSettings: strict),
        bench("bench-overload", ["Rig", "Traffic"]),
        bench("bench-models", ["Rig", "Traffic"]),
        bench(
            "bench-decide",
            [
                "Rig", "Traffic",
                .product(name: "PacelineCore", package: "paceline"),
                .product(name: "PacelineEdge", package: "paceline"),
                .product(name: "AllocationCounter", package: "paceline"),
            ]),

        .testTarget(name: "BenchKitTests", dependencies: ["BenchKit"], swiftSettings: strict),
        .testTarget(name: "RigTests", dependencies: ["Rig", "load", "cserver"], swiftSettings: strict),
    ],
    cLanguageStandard: .gnu17,
    cxxLanguageStandard: .gnucxx17
)
