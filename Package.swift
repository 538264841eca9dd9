// swift-tools-version: 6.2
// The map of the code: what each target may see. Core sees Core and CSIMD; Edge sees Core's values and
// System; Apps see all. Tests/Tidy reads this file and fails where an arrow points the other way.
import PackageDescription

#if compiler(>=6.3)
    let warnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]
#else
    /// Swift 6.2 takes other expressions for unsafe than 6.3, by which they are marked here, and warns of the rest.
    let warnings: [SwiftSetting] = []
#endif

/// Every target is held to these: language mode 6, no implicit existentials or re-exports, no warnings.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableExperimentalFeature("Lifetimes"),
    ] + warnings

/// Core is also held to memory safety: each unsafe expression is marked where it stands.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Core/\(name)", swiftSettings: pure)
}

/// Edge and the node run for every request. Debug builds, and so the tests, check at run time that no two accesses to one
/// variable overlap; release builds leave that out, as it cost a tenth of the server's own time
/// (docs/decisions/0009).
let hot: [SwiftSetting] =
    strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

func edge(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Edge/\(name)", swiftSettings: hot)
}

func app(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Apps/\(name)",
        swiftSettings: name == "paceline-node" ? hot : strict)
}

/// Tests are never optimised, only what they test is: optimising them took a third of the time of an optimised build.
let unoptimised: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

func tests(_ name: String, in folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(folder)/\(name)", swiftSettings: unoptimised)
}

/// A part of `./dev test` builds the tests that it runs and no others: those of the other configuration take as long to
/// build as they do to run.
func isWanted(_ target: Target) -> Bool {
    guard target.type == .test, let wanted = Context.environment["PACELINE_TESTS"] else { return true }
    return wanted.split(separator: " ").contains(Substring(target.name))
}

let package = Package(
    name: "paceline",
    products: [
        .executable(name: "paceline", targets: ["paceline"]),
        .executable(name: "paceline-node", targets: ["paceline-node"]),
        .executable(name: "paceline-broker", targets: ["paceline-broker"]),
        .executable(name: "paceline-coordinator", targets: ["paceline-coordinator"]),
        .library(
            name: "PacelineCore",
            targets: [
                "Units", "JSON", "Settings", "Auction", "OpenRTB", "Documents", "Catalog", "Decision",
                "Ledger",
                "Features", "Inference", "Numerics", "Pacing",
            ]),
        .library(name: "PacelineMarket", targets: ["MarketSimulation"]),
        // For the benches, which draw the same problems as the tests and count allocations as they do.
        .library(name: "AllocationCounter", targets: ["AllocationCounter"]),
        .library(name: "PodGenerator", targets: ["PodGenerator"]),
        .library(name: "PostgresServer", targets: ["PostgresServer"]),
        .library(
            name: "PacelineEdge",
            targets: [
                "Kernel", "Telemetry", "Reactor", "Journal", "Store", "TLS", "HTTP", "Postgres", "Redis",
                "LedgerStore",
            ]),
    ],
    targets: [
        // System: headers of C libraries, and kernels that Swift cannot express.
        .systemLibrary(
            name: "CURing", path: "Sources/System/CURing", pkgConfig: "liburing",
            providers: [.apt(["liburing-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/System/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CPostgres", path: "Sources/System/CPostgres", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),
        .target(name: "CSIMD", path: "Sources/System/CSIMD"),

        // Core: values in, values out.
        core("Units", ["CSIMD"]),
        core("Auction", ["Units"]),
        core("Digests", ["CSIMD", "Units"]),
        core("JSON", ["CSIMD", "Units"]),
        core("Ledger", ["Units"]),
        core("Fleet", ["Documents", "Units"]),
        core("OpenRTB", ["JSON", "Units"]),
        core("Operations", ["Documents", "Units"]),
        core("Documents", ["JSON", "Units"]),
        core("Reconciliation"),
        core("Tracing", ["Units"]),
        core("Settings", ["Auction", "Documents", "Units"]),
        core("Catalog", ["CSIMD", "Documents", "Units"]),
        core("Features", ["Catalog", "Digests", "Documents", "Units"]),
        core("Inference", ["CSIMD", "Documents", "JSON", "Numerics", "Units"]),
        core("Notices", ["Digests", "Units"]),
        core("Pacing", ["Numerics", "Units"]),
        core("Numerics", ["CSIMD", "Units"]),
        core(
            "Decision",
            ["Auction", "Catalog", "Features", "Inference", "JSON", "Notices", "OpenRTB", "Units"]),

        // Edge: does I/O and decides nothing.
        edge("Kernel", ["CLinux", "Units"]),
        edge("Telemetry", ["JSON", "Kernel", "Tracing", "Units"]),
        edge("Reactor", ["CLinux", "CURing", "Kernel", "Telemetry", "Units"]),
        edge("Journal", ["Kernel", "Ledger", "Notices", "Reactor", "Telemetry", "Units"]),
        edge("Store", ["CLinux", "Features", "Kernel", "Units"]),
        edge("TLS", ["COpenSSL", "Kernel", "Units"]),
        edge(
            "Postgres", ["CPostgres", "Digests", "HTTP", "JSON", "Kernel", "Reactor", "Telemetry", "Units"]),
        edge("LedgerStore", ["Ledger", "Postgres", "Units"]),
        edge("Etcd", ["Documents", "HTTP", "Reactor", "Units"]),
        edge("Redis", ["HTTP", "Kernel", "Reactor", "TLS", "Telemetry", "Units"]),
        edge("HTTP", ["CSIMD", "Kernel", "Reactor", "TLS", "Telemetry", "Tracing", "Units"]),
        edge("OTLP", ["HTTP", "Kernel", "Reactor", "TLS", "Telemetry", "Tracing", "Units"]),

        // Simulation: Core under a virtual clock, network, disk and database.
        .target(
            name: "FleetSimulation", dependencies: ["Fleet", "Ledger", "Units"],
            path: "Sources/Simulation/FleetSimulation", swiftSettings: hot),
        .target(
            name: "MarketSimulation", dependencies: ["Auction", "Ledger", "Numerics", "Pacing", "Units"],
            path: "Sources/Simulation/Market", swiftSettings: hot),

        // Apps: wire the two.
        .target(
            name: "Commands",
            dependencies: [
                "Auction", "Catalog", "Decision", "Documents", "Kernel", "Notices", "OpenRTB", "Settings",
                "TLS", "Units",
            ],
            path: "Sources/Apps/Commands", swiftSettings: strict),
        .target(
            name: "DecisionJournal",
            dependencies: [
                "Auction", "Catalog", "Commands", "Decision", "Digests", "Documents", "Features", "Inference",
                "Journal", "Kernel", "Notices", "Numerics", "OpenRTB", "Store", "Units",
            ], path: "Sources/Apps/DecisionJournal", swiftSettings: strict),
        .target(
            name: "Serving",
            dependencies: [
                "Catalog", "Commands", "Decision", "Documents", "Fleet", "HTTP", "Kernel", "Ledger", "Pacing",
                "OTLP", "Reactor",
                "Settings", "TLS", "Telemetry", "Tracing", "Units",
            ],
            path: "Sources/Apps/Serving", swiftSettings: strict),
        .target(
            name: "LedgerWire",
            dependencies: [
                "Commands", "Documents", "Fleet", "HTTP", "JSON", "Kernel", "Ledger", "Pacing", "Reactor",
                "Serving",
                "Settings", "TLS", "Telemetry", "Tracing", "Units",
            ],
            path: "Sources/Apps/LedgerWire", swiftSettings: strict),
        .target(
            name: "CatalogWire",
            dependencies: [
                "Commands", "Digests", "Documents", "HTTP", "Kernel", "LedgerWire", "Reactor", "Serving",
                "TLS", "Telemetry", "Units",
            ],
            path: "Sources/Apps/CatalogWire", swiftSettings: strict),
        .executableTarget(
            name: "paceline-coordinator",
            dependencies: [
                "Catalog", "CatalogWire", "Commands", "Decision", "DecisionJournal", "Documents", "Etcd",
                "Fleet", "HTTP", "JSON", "Kernel", "Ledger", "LedgerStore", "LedgerWire", "Notices", "Pacing",
                "Postgres",
                "Reactor", "Serving",
                "Settings", "TLS", "Telemetry", "Tracing", "Units",
            ],
            path: "Sources/Apps/paceline-coordinator", exclude: ["Console", "Migrations"],
            swiftSettings: strict),
        app(
            "paceline",
            [
                "Auction", "CSIMD", "Catalog", "Commands", "Decision", "DecisionJournal", "Documents",
                "Features", "Fleet", "FleetSimulation", "HTTP", "Inference", "JSON", "Journal", "Kernel",
                "Ledger",
                "MarketSimulation", "Notices",
                "OpenRTB", "Operations", "Pacing", "Reactor", "Reconciliation", "Redis", "Settings", "Store",
                "TLS", "Tracing", "Units",
            ]),
        app(
            "paceline-broker",
            [
                "CatalogWire", "Commands", "Documents", "Fleet", "HTTP", "JSON", "Journal", "Kernel",
                "Ledger",
                "LedgerWire",
                "Reactor", "Serving", "Settings", "Store", "TLS", "Telemetry", "Tracing", "Units",
            ]),
        app(
            "paceline-node",
            [
                "Auction", "Catalog", "CatalogWire", "Commands", "Decision", "DecisionJournal", "Digests",
                "Documents", "Features", "Fleet",
                "HTTP",
                "JSON", "Journal", "Kernel", "Ledger", "LedgerWire", "Notices", "OpenRTB", "Pacing",
                "Reactor", "Redis", "Serving", "Settings", "Store", "TLS", "Telemetry", "Tracing", "Units",
            ]),

        // What must hold of the parsers for any bytes: Tests/Fuzz tries it, the tests replay what was found.
        .target(
            name: "MessageInvariants", dependencies: ["HTTP"],
            path: "Tests/Fuzz/Sources/MessageInvariants", swiftSettings: strict),
        .target(
            name: "JSONInvariants", dependencies: ["JSON", "Units"],
            path: "Tests/Fuzz/Sources/JSONInvariants", swiftSettings: strict),
        .target(
            name: "VASTInvariants", dependencies: ["OpenRTB"],
            path: "Tests/Fuzz/Sources/VASTInvariants", swiftSettings: strict),
        .target(
            name: "ConsentInvariants", dependencies: ["OpenRTB"],
            path: "Tests/Fuzz/Sources/ConsentInvariants", swiftSettings: strict),

        .target(
            name: "OpenRTBInvariants", dependencies: ["JSON", "OpenRTB", "Units"],
            path: "Tests/Fuzz/Sources/OpenRTBInvariants", swiftSettings: strict),

        .target(
            name: "DecideInvariants",
            dependencies: ["Auction", "Catalog", "Decision", "JSON", "Notices", "OpenRTB", "Units"],
            path: "Tests/Fuzz/Sources/DecideInvariants", swiftSettings: strict),

        .target(
            name: "JournalInvariants", dependencies: ["Journal", "Ledger", "Units"],
            path: "Tests/Fuzz/Sources/JournalInvariants", swiftSettings: strict),

        .target(
            name: "ModelInvariants", dependencies: ["Inference"],
            path: "Tests/Fuzz/Sources/ModelInvariants", swiftSettings: strict),

        .target(
            name: "RedisInvariants", dependencies: ["Redis"], path: "Tests/Fuzz/Sources/RedisInvariants",
            swiftSettings: strict),

        .target(
            name: "GraphInvariants", dependencies: ["Inference"],
            path: "Tests/Fuzz/Sources/GraphInvariants", swiftSettings: strict),

        // Tests mirror Sources.
        .target(name: "AllocationCounter", path: "Tests/Support/AllocationCounter"),
        tests("UnitsTests", in: "Core", ["CSIMD", "Units"]),
        tests("DigestsTests", in: "Core", ["AllocationCounter", "CSIMD", "Digests", "Units"]),
        tests("NoticesTests", in: "Core", ["AllocationCounter", "Notices", "Units"]),
        .testTarget(
            name: "NumericsTests", dependencies: ["CSIMD", "Numerics", "Units"],
            path: "Tests/Core/NumericsTests", exclude: ["oracle.py", "tables.py"], swiftSettings: unoptimised),
        .target(
            name: "PodGenerator", dependencies: ["Auction", "Units"], path: "Tests/Support/PodGenerator",
            swiftSettings: strict),
        .testTarget(
            name: "AuctionTests", dependencies: ["AllocationCounter", "Auction", "PodGenerator", "Units"],
            path: "Tests/Core/AuctionTests", exclude: ["pod_oracle.py"], swiftSettings: unoptimised),
        tests("TracingTests", in: "Core", ["AllocationCounter", "Tracing", "Units"]),
        tests("JSONTests", in: "Core", ["AllocationCounter", "CSIMD", "JSON", "JSONInvariants", "Units"]),
        tests(
            "InferenceTests", in: "Core",
            [
                "AllocationCounter", "CSIMD", "Documents", "GraphInvariants", "Inference", "JSON",
                "ModelInvariants", "Numerics", "Units",
            ]),
        tests("FleetTests", in: "Core", ["Documents", "Fleet", "Units"]),
        tests("LedgerTests", in: "Core", ["AllocationCounter", "Ledger", "Units"]),
        tests(
            "PacingTests", in: "Core", ["AllocationCounter", "Numerics", "Pacing", "Units"]),
        tests("ReconciliationTests", in: "Core", ["Reconciliation"]),
        tests("OperationsTests", in: "Core", ["Documents", "Operations"]),
        .testTarget(
            name: "MarketSimulationTests", dependencies: ["MarketSimulation", "Pacing", "Units"],
            path: "Tests/Simulation/MarketSimulationTests", exclude: ["hindsight_oracle.py"],
            swiftSettings: unoptimised),
        tests("DocumentsTests", in: "Core", ["Documents", "JSON", "Units"]),
        tests("SettingsTests", in: "Core", ["Auction", "Documents", "JSON", "Settings", "Units"]),
        tests(
            "DecisionTests", in: "Core",
            [
                "AllocationCounter", "Auction", "CSIMD", "Catalog", "DecideInvariants", "Decision",
                "Features",
                "Inference", "Notices", "OpenRTB", "Pacing", "Units",
            ]),
        tests(
            "FeaturesTests", in: "Core", ["AllocationCounter", "Catalog", "Documents", "Features", "Units"]),
        tests("CatalogTests", in: "Core", ["AllocationCounter", "CSIMD", "Catalog", "Documents", "Units"]),
        .testTarget(
            name: "OpenRTBTests",
            dependencies: [
                "AllocationCounter", "ConsentInvariants", "JSON", "OpenRTB", "OpenRTBInvariants", "Units",
                "VASTInvariants",
            ], path: "Tests/Core/OpenRTBTests", exclude: ["oracle.py"], swiftSettings: unoptimised),
        tests(
            "FleetSimulationTests", in: "Simulation", ["FleetSimulation", "Ledger", "Units"]),
        tests("KernelTests", in: "Edge", ["Kernel", "Units"]),
        tests(
            "TelemetryTests", in: "Edge",
            ["AllocationCounter", "JSON", "Kernel", "Telemetry", "Tracing", "Units"]),
        .target(
            name: "TraceCollector", path: "Tests/Support/TraceCollector", exclude: ["collector.py"],
            swiftSettings: strict),
        .testTarget(
            name: "OTLPTests",
            dependencies: [
                "HTTP", "Kernel", "OTLP", "Reactor", "Telemetry", "TraceCollector", "Tracing", "Units",
            ],
            path: "Tests/Edge/OTLPTests", swiftSettings: unoptimised),
        tests("ReactorTests", in: "Edge", ["Kernel", "Reactor", "Telemetry", "Units"]),
        tests(
            "JournalTests", in: "Edge",
            [
                "AllocationCounter", "Journal", "JournalInvariants", "Kernel", "Ledger", "Reactor",
                "Telemetry",
                "Units",
                "journal-writer",
            ]),
        .executableTarget(
            name: "journal-writer", dependencies: ["Journal", "Kernel", "Reactor", "Units"],
            path: "Tests/Support/JournalWriter", swiftSettings: strict),
        .target(
            name: "TestCertificates", dependencies: ["COpenSSL"], path: "Tests/Edge/TestCertificates",
            swiftSettings: strict),
        .executableTarget(
            name: "bench-tls-engine", dependencies: ["Kernel", "TLS", "TestCertificates", "Units"],
            path: "Benchmarks/TLSEngine", swiftSettings: strict),
        tests("StoreTests", in: "Edge", ["Features", "Kernel", "Store", "Units"]),
        tests(
            "RedisTests", in: "Edge",
            ["Kernel", "Reactor", "Redis", "RedisInvariants", "TLS", "TestCertificates", "Units"]),
        .target(
            name: "PostgresServer", dependencies: ["Kernel"], path: "Tests/Support/PostgresServer",
            swiftSettings: strict),
        tests(
            "PostgresTests", in: "Edge",
            [
                "HTTP", "Kernel", "Postgres", "PostgresServer", "Reactor", "Telemetry", "TestCertificates",
                "Units",
            ]),
        tests(
            "LedgerStoreTests", in: "Edge",
            ["Kernel", "Ledger", "LedgerStore", "Postgres", "PostgresServer", "Units"]),
        .target(
            name: "EtcdServer", dependencies: ["PostgresServer"], path: "Tests/Support/EtcdServer",
            swiftSettings: strict),
        tests(
            "EtcdTests", in: "Edge", ["Etcd", "EtcdServer", "HTTP", "Kernel", "Reactor", "Units"]),
        tests("TLSTests", in: "Edge", ["Kernel", "TLS", "TestCertificates", "Units"]),
        tests(
            "HTTPTests", in: "Edge",
            [
                "AllocationCounter", "CSIMD", "HTTP", "Kernel", "MessageInvariants", "Reactor", "TLS",
                "Telemetry",
                "TestCertificates", "Units",
            ]),
        tests(
            "DecisionJournalTests", in: "Apps",
            [
                "Catalog", "Commands", "Decision", "DecisionJournal", "Documents", "Inference", "Journal",
                "Kernel", "Units",
            ]),
        tests("CommandsTests", in: "Apps", ["Commands", "Kernel", "TestCertificates", "paceline"]),
        tests(
            "NodeTests", in: "Apps",
            [
                "Catalog", "Commands", "Decision", "DecisionJournal", "Features", "HTTP", "Kernel", "Ledger",
                "Notices", "OpenRTB", "Pacing", "Reactor", "Serving", "Settings", "Telemetry",
                "TestCertificates", "Units", "paceline-node",
            ]),
        tests(
            "ServingTests", in: "Apps",
            ["Commands", "Decision", "Documents", "Fleet", "Pacing", "Serving", "Settings", "Units"]),
        tests(
            "LedgerWireTests", in: "Apps",
            [
                "Commands", "Documents", "Fleet", "HTTP", "Kernel", "Ledger", "LedgerWire", "Pacing",
                "Reactor",
                "Serving", "Settings", "TLS", "Telemetry", "TestCertificates", "Tracing", "Units",
            ]),
        tests(
            "CatalogWireTests", in: "Apps",
            ["CatalogWire", "Documents", "Kernel", "LedgerWire", "Serving", "Units"]),
        tests(
            "CoordinatorTests", in: "Apps",
            [
                "Catalog", "CatalogWire", "Documents", "EtcdServer", "HTTP", "Kernel", "PostgresServer",
                "Pacing", "Serving", "Settings",
                "TestCertificates", "TraceCollector", "Units",
                "paceline", "paceline-broker", "paceline-coordinator", "paceline-node",
            ]),
        tests(
            "RequestPathTests", in: "Apps",
            [
                "AllocationCounter", "HTTP", "Kernel", "Reactor", "Settings", "Telemetry", "Units",
                "paceline-node",
            ]),
        .testTarget(name: "TidyTests", path: "Tests/Tidy", swiftSettings: strict),
    ].filter(isWanted),
    cLanguageStandard: .gnu17,
    cxxLanguageStandard: .gnucxx17
)
