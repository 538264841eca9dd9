// swift-tools-version: 6.2
// The benches: their own package, so that the product's never sees peers, load generators or Foundation.
// `bench [NAME] [--json] [--strict]` runs the executables `bench-NAME`, each of which reports through BenchKit.
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
        bench("bench"),
    ],
    cLanguageStandard: .gnu17,
    cxxLanguageStandard: .gnucxx17
)
