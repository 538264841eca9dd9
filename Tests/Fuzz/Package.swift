// swift-tools-version: 6.2
// The fuzzers: the pure parsers and the kernels beneath them, compiled with libFuzzer's coverage and the address
// sanitizer, and what must hold of them. `Sources/{Auction,Catalog,CSIMD,Decision,Digests,Documents,HTTP,
// Inference,JSON,Journal,Notices,Numerics,OpenRTB,Redis,Units}` are links to the code itself.
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    // The second half is for the C functions that Swift inlines from headers.
    .unsafeFlags(["-sanitize=fuzzer,address", "-Xcc", "-fsanitize=fuzzer-no-link,address"]),
]
let c: [CSetting] = [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])]

/// libFuzzer brings a main of its own, which LLD leaves out, as there is one already.
let link: [LinkerSetting] = [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]

let package = Package(
    name: "fuzz",
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "CSIMD", cSettings: c),
        .target(name: "Units", dependencies: ["CSIMD"], swiftSettings: swift),
        .target(name: "Ledger", dependencies: ["Units"], swiftSettings: swift),
        .target(name: "Journal", dependencies: ["Ledger", "Units"], swiftSettings: swift),
        .target(name: "JSON", dependencies: ["CSIMD", "Units"], swiftSettings: swift),
        .target(name: "OpenRTB", dependencies: ["JSON", "Units"], swiftSettings: swift),
        .target(name: "Auction", dependencies: ["Units"], swiftSettings: swift),
        .target(name: "Digests", dependencies: ["Units"], swiftSettings: swift),
        .target(name: "Notices", dependencies: ["Digests", "Units"], swiftSettings: swift),
        .target(name: "Documents", dependencies: ["JSON", "Units"], swiftSettings: swift),
        .target(name: "Catalog", dependencies: ["CSIMD", "Documents", "Units"], swiftSettings: swift),
        .target(
            name: "Decision", dependencies: ["Auction", "Catalog", "JSON", "Notices", "OpenRTB", "Units"],
            swiftSettings: swift),
        .target(name: "HTTP", dependencies: ["CSIMD"], swiftSettings: swift),
        .target(name: "MessageInvariants", dependencies: ["HTTP"], swiftSettings: swift),
        .target(name: "JSONInvariants", dependencies: ["JSON", "Units"], swiftSettings: swift),
        .target(name: "VASTInvariants", dependencies: ["OpenRTB"], swiftSettings: swift),
        .target(name: "ConsentInvariants", dependencies: ["OpenRTB"], swiftSettings: swift),
        .target(
            name: "OpenRTBInvariants", dependencies: ["JSON", "OpenRTB", "Units"], swiftSettings: swift),
        .target(
            name: "JournalInvariants", dependencies: ["Journal", "Ledger", "Units"], swiftSettings: swift),
        .target(name: "Numerics", dependencies: ["CSIMD", "Units"], swiftSettings: swift),
        .target(
            name: "Inference", dependencies: ["CSIMD", "Documents", "JSON", "Numerics", "Units"],
            swiftSettings: swift),
        .target(name: "ModelInvariants", dependencies: ["Inference"], swiftSettings: swift),
        .executableTarget(
            name: "fuzz-lightgbm", dependencies: ["CFuzzer", "ModelInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-xgboost", dependencies: ["CFuzzer", "ModelInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .target(name: "Redis", swiftSettings: swift),
        .target(name: "RedisInvariants", dependencies: ["Redis"], swiftSettings: swift),
        .executableTarget(
            name: "fuzz-redis", dependencies: ["CFuzzer", "RedisInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .target(
            name: "DecideInvariants",
            dependencies: ["Auction", "Catalog", "Decision", "JSON", "Notices", "OpenRTB", "Units"],
            swiftSettings: swift
        ),
        .executableTarget(
            name: "fuzz-decide", dependencies: ["CFuzzer", "DecideInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-catalog", dependencies: ["CFuzzer", "DecideInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-journal", dependencies: ["CFuzzer", "JournalInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-http", dependencies: ["CFuzzer", "MessageInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-json", dependencies: ["CFuzzer", "CSIMD", "JSONInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-vast", dependencies: ["CFuzzer", "VASTInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-consent", dependencies: ["CFuzzer", "ConsentInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .target(name: "GraphInvariants", dependencies: ["Inference"], swiftSettings: swift),
        .executableTarget(
            name: "fuzz-onnx", dependencies: ["CFuzzer", "GraphInvariants"], swiftSettings: swift,
            linkerSettings: link),
        .executableTarget(
            name: "fuzz-openrtb", dependencies: ["CFuzzer", "OpenRTBInvariants"], swiftSettings: swift,
            linkerSettings: link),
    ],
    cLanguageStandard: .gnu17
)
