// Arrows point one way: Apps → Edge → Core, Simulation → Core. Core never looks up, and sees no clock, file
// or thread.

/// The layers that each layer's targets may depend on.
private let mayDependOn: [String: Set<String>] = [
    "System": [], "Core": ["Core"], "Edge": ["Edge", "Core", "System"], "Simulation": ["Simulation", "Core"],
    "Apps": ["Apps", "Edge", "Core", "System", "Simulation"],
    "Tests": ["Tests", "Apps", "Edge", "Core", "System", "Simulation"],
    "Benchmarks": ["Tests", "Edge", "Core", "System"],
]

/// The one System target that Core may see: kernels that touch nothing but the bytes they are given.
private let kernels = "CSIMD"

/// Outside the System layer, what Edge and Apps must do without: it costs 13.6 MB and 8 ms of start, or
/// threads that nobody here started.
private let refusedOutsideTests: Set<String> = [
    "Foundation", "FoundationEssentials", "FoundationNetworking", "FoundationXML", "Dispatch", "XCTest",
    "Testing",
]

/// The declared dependencies, each in the allowed direction, and no package from outside.
func arrows(_ manifest: Manifest, text: String) -> [Untidy] {
    var found: [Untidy] = []
    for target in manifest.targets {
        for name in target.dependencies {
            guard let other = manifest.target(name) else {
                found.append(
                    Untidy("Package.swift", "\(target.name) depends on \(name), which is no target here"))
                continue
            }
            let allowed = mayDependOn[target.layer, default: []]
            if !allowed.contains(other.layer), !(target.layer == "Core" && name == kernels) {
                found.append(
                    Untidy(
                        "Package.swift",
                        "\(target.layer)/\(target.name) may not depend on \(other.layer)/\(name)"))
            }
        }
    }
    if text.contains(".package(") {
        found.append(Untidy("Package.swift", "a package from outside: libraries come from the distribution"))
    }
    return found
}

/// What a source imports: only what its target declares, nothing above its layer, in Core nothing else at
/// all.
func importArrows(_ file: File, _ manifest: Manifest) -> [Untidy] {
    guard file.ending == "swift",
        let target = manifest.targets.first(where: { file.path.hasPrefix($0.path + "/") })
    else { return [] }
    return imports(of: file).compactMap { line, module in
        if target.dependencies.contains(module) { return nil }
        if manifest.target(module) != nil {
            return Untidy(file.path, line: line, "imports \(module), which \(target.name) does not declare")
        }
        if target.layer == "Core" {
            return Untidy(file.path, line: line, "Core imports only Core and \(kernels), not \(module)")
        }
        if target.path.hasPrefix("Sources/"), refusedOutsideTests.contains(module) {
            return Untidy(file.path, line: line, "\(target.layer) does without \(module)")
        }
        return nil
    }
}

/// Every folder under Sources is a target, every library has its tests beside it, and `./dev test` runs all
/// tests.
func mirrored(_ manifest: Manifest, files: [File], parts: [Part]) -> [Untidy] {
    var found: [Untidy] = []
    let paths = Set(manifest.targets.map(\.path))
    for folder in Set(
        files.filter { $0.path.hasPrefix("Sources/") }.map { $0.parts.prefix(3).joined(separator: "/") })
    where !paths.contains(folder) {
        found.append(Untidy(folder, "no target of Package.swift has this folder"))
    }
    for target in manifest.targets
    where target.kind == .library && ["Core", "Edge", "Simulation", "Apps"].contains(target.layer) {
        let tests = "Tests/\(target.layer)/\(target.name)Tests"
        if !paths.contains(tests) { found.append(Untidy(target.path, "has no tests in \(tests)")) }
    }
    let run = parts.filter { $0.kind == "swift" }.flatMap(\.given)
    let optimised = parts.filter { $0.kind == "exact" }.flatMap(\.given)
    for target in manifest.targets
    where target.kind == .tests && target.dependencies.contains("AllocationCounter")
        && !optimised.contains(target.name)
    {
        found.append(
            Untidy("Tests/budgets", "\(target.name) counts allocations, but of no optimised build"))
    }
    for target in manifest.targets
    where target.kind == .tests && !run.contains(target.name) && !optimised.contains(target.name) {
        found.append(Untidy("Tests/budgets", "no part runs \(target.name)"))
    }
    for name in run + optimised where manifest.target(name)?.kind != .tests {
        found.append(Untidy("Tests/budgets", "\(name) is no test target"))
    }
    return found
}

/// A line of Tests/budgets: a part of `./dev test`.
struct Part {
    var name: String
    var kind: String
    /// What the kind is given: test targets, for a `swift` part.
    var given: [String]

    static func all(in budgets: String) -> [Part] {
        budgets.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: " ").map(String.init)
            guard !line.hasPrefix("#"), columns.count > 2 else { return nil }
            return Part(name: columns[0], kind: columns[2], given: Array(columns.dropFirst(3)))
        }
    }
}
