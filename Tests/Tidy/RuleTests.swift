// Each rule caught in the act: texts that it must refuse, and texts close to them that it must let pass.
import Testing

/// One row: a file that a rule is shown, and whether the rule has to object.
struct Row: CustomStringConvertible, Sendable {
    let path: String
    let text: String
    let caught: Bool

    init(_ path: String, _ text: String, caught: Bool = true) {
        self.path = path
        self.text = text
        self.caught = caught
    }

    var file: File { File(path: path, text: text) }
    var description: String { "\(path): \(text.prefix { $0 != "\n" })" }
}

private let manifest = Manifest(
    """
    func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
        .target(name: name, dependencies: dependencies, path: "Sources/Core/\\(name)", swiftSettings: pure)
    }
    let package = Package(targets: [
        .systemLibrary(name: "CURing", path: "Sources/System/CURing", providers: [.apt(["liburing-dev"])]),
        .target(name: "CSIMD", path: "Sources/System/CSIMD"),
        core("Units"),  // core("Commented")
        core("JSON", ["CSIMD", "Units"]),
        edge("HTTP", ["CURing", "Units"]),
        .target(name: "Commands", dependencies: ["JSON"], path: "Sources/Apps/Commands"),
        app("paceline", ["Commands"]),
        tests("UnitsTests", in: "Core", ["Units"]),
        .testTarget(name: "TidyTests", path: "Tests/Tidy"),
    ])
    """)

@Suite struct RuleTests {
    @Test func manifestIsRead() {
        #expect(
            manifest.targets.map(\.name) == [
                "CURing", "CSIMD", "Units", "JSON", "HTTP", "Commands", "paceline", "UnitsTests", "TidyTests",
            ])
        #expect(manifest.target("JSON")?.dependencies == ["CSIMD", "Units"])
        #expect(manifest.target("HTTP")?.layer == "Edge")
        #expect(manifest.target("UnitsTests")?.path == "Tests/Core/UnitsTests")
        #expect(manifest.target("paceline")?.kind == .executable)
        #expect(arrows(manifest, text: "") == [])
    }

    @Test(arguments: [
        #"core("A", ["HTTP"]), edge("HTTP", [])"#, #"edge("HTTP", ["paceline"]), app("paceline", [])"#,
        #"core("A", ["CURing"]), .systemLibrary(name: "CURing", path: "Sources/System/CURing")"#,
        #"core("A", ["Nowhere"])"#, #"dependencies: [.package(url: "https://example.org/x", from: "1.0.0")]"#,
    ])
    func arrowsUpAreCaught(_ text: String) { #expect(arrows(Manifest(text), text: text).count == 1) }

    @Test(arguments: [
        Row("Sources/Core/JSON/A.swift", "import Foundation"),
        Row("Sources/Core/JSON/A.swift", "internal import Glibc"),
        Row("Sources/Core/JSON/A.swift", "public import struct Dispatch.DispatchTime"),
        Row("Sources/Core/JSON/A.swift", "import Synchronization"),
        Row("Sources/Core/Units/A.swift", "import JSON"),
        Row("Sources/Edge/HTTP/A.swift", "@preconcurrency import Foundation"),
        Row("Sources/Edge/HTTP/A.swift", "import JSON"),
        Row("Sources/Apps/Commands/A.swift", "import FoundationEssentials"),
        Row("Sources/Core/JSON/A.swift", "import Units\nimport CSIMD\n// import Glibc", caught: false),
        Row("Sources/Core/JSON/A.swift", "let a = \"\"\"\nimport Glibc\n\"\"\"", caught: false),
        Row("Sources/Edge/HTTP/A.swift", "import Glibc\nimport Synchronization", caught: false),
        Row("Tests/Core/UnitsTests/A.swift", "import Foundation\nimport Testing", caught: false),
    ])
    func imports(_ row: Row) { #expect(importArrows(row.file, manifest).isEmpty == !row.caught) }

    @Test func whatIsNotMirroredIsCaught() {
        let files = [File(path: "Sources/Core/Stray/A.swift", text: "")]
        let found = mirrored(
            manifest, files: files, parts: Part.all(in: "core 25 swift UnitsTests GoneTests\n# x 1 swift y"))
        #expect(
            Set(found.map(\.path)) == [
                "Sources/Core/Stray", "Sources/Core/JSON", "Sources/Edge/HTTP", "Sources/Apps/Commands",
                "Tests/budgets",
            ])
        #expect(found.filter { $0.path == "Tests/budgets" }.count == 2)
    }

    @Test(arguments: [
        Row("a.swift", String(repeating: "x\n", count: 501)),
        Row("run", "#!/bin/sh" + String(repeating: "\n", count: 501)),
        Row("a.swift", String(repeating: "x\n", count: 500), caught: false),
        Row("a.json", String(repeating: "1\n", count: 900), caught: false),
    ])
    func lengths(_ row: Row) { #expect(length(row.file).isEmpty == !row.caught) }

    @Test(arguments: [
        Row("Sources/Core/Utils/A.swift", ""), Row("Sources/Edge/HTTP/HTTPHelper.swift", ""),
        Row("Sources/Edge/HTTP/A.swift", "final class PoolManager {}"),
        Row("a.swift", "enum Misc { case a }"),
        Row("tools/common.sh", ""), Row("Sources/Edge/HTTP/A.swift", "struct Utilization {}", caught: false),
        Row("Sources/Edge/HTTP/A.swift", "// class Manager\nlet a = \"struct Util\"", caught: false),
    ])
    func banned(_ row: Row) { #expect(names(row.file).isEmpty == !row.caught) }

    @Test(arguments: [
        Row("a.swift", "import Testing\n"), Row("a.swift", "// JSON\n"), Row("a.c", "#if 1\nint a;\n"),
        Row("a.swift", ""), Row("a.swift", "// swift-tools-version: 6.2 The map of all the code here.\n"),
        Row("run", "#!/bin/sh\necho\n"), Row("a.md", "Text without a heading\n"),
        Row("a.swift", "// What this file owns, in one sentence.\n", caught: false),
        Row("a.swift", "// swift-tools-version: 6.2\n// The map of all the code here.\n", caught: false),
        Row("run", "#!/bin/sh\n# Runs all that there is to run.\n", caught: false),
        Row("a.json", "{}", caught: false),
    ])
    func openings(_ row: Row) { #expect(opening(row.file).isEmpty == !row.caught) }

    @Test(arguments: [
        Row("Sources/a.swift", "let a = try! f()"), Row("Sources/a.swift", "let a = b!"),
        Row("Sources/a.swift", "f(b)!.c"), Row("Sources/a.swift", "var a: Int!"),
        Row("Sources/a.swift", "a as! B"),
        Row("Sources/a.swift", "// TODO later"), Row("Sources/a.c", "/* FIXME */"),
        Row("Sources/a.swift", #"fatalError("unimplemented")"#),
        Row("Sources/a.swift", "if !a, b != c { print(\"what!\") } // no!", caught: false),
        Row("Sources/a.swift", "let a = \"\\(b) is x!\"; let c = #\"y!\"z!\"#", caught: false),
        Row("Tests/a.swift", "let a = try! f()!", caught: false),
    ])
    func unfinishedSources(_ row: Row) { #expect(unfinished(row.file).isEmpty == !row.caught) }

    @Test(arguments: [
        Row("a.md", "see /" + "work/main"), Row("a.swift", "\"/" + "home/me/x\""),
        Row("a", "PATH=/" + "root/bin"),
        Row("a.md", "https://example.org/home/x and $tree/root/x and /workers", caught: false),
    ])
    func machines(_ row: Row) { #expect(machinePaths(row.file).isEmpty == !row.caught) }

    @Test func decisionsAreCaught() {
        let list = File(
            path: "docs/decisions/README.md", text: "- [one](0001-one.md)\n- [two](0003-two.md)\n")
        let one = File(path: "docs/decisions/0001-one.md", text: "# One")
        #expect(decisions([list, one]) == [])
        #expect(decisions([list, one, File(path: "docs/decisions/0003-two.md", text: "")]).count == 1)
        #expect(decisions([list, one, File(path: "docs/decisions/0002-unlinked.md", text: "")]).count == 1)
    }

    @Test func promisesAreFound() {
        let document = File(
            path: "README.md",
            text: """
                # A
                Run `./dev test core` or `paceline json check FILE`; dev up in prose is none.
                ```sh
                $ ./dev up --for 3 && .build/release/paceline check-config node.json
                ```
                """)
        #expect(
            promises(in: document) == [
                Promise(line: 2, command: "dev", words: ["test", "core"]),
                Promise(line: 2, command: "paceline", words: ["json", "check"]),
                Promise(line: 4, command: "dev", words: ["up"]),
                Promise(line: 4, command: "paceline", words: ["check-config"]),
            ])
    }

    @Test func missingPathsAreCaught() {
        let document = File(
            path: "docs/a.md",
            text:
                "# A\n`Sources/Gone` `Sources/There` `Tests/*/x` `.build/x` [l](../b.md) [w](https://example.org/c)"
        )
        let found = missingPaths(document) { $0 == "Sources/There" }
        #expect(found.map(\.what) == ["Sources/Gone is not there", "links to ../b.md, which is not there"])
    }
}
