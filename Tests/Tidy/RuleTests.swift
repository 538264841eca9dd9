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
        Row("Sources/Core/JSON/A.swift", "import\tGlibc"),
        Row("Sources/Core/JSON/A.swift", "import Units; import Glibc"),
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

    @Test(arguments: [
        "@_silgen_name(\"time\") func time(_: Int) -> Int", "@_extern(c) func getpid() -> Int32",
        "let a = ContinuousClock.now", "let a = SuspendingClock().now", "let a = Date()",
        "var a = SystemRandomNumberGenerator()", "let a = Int.random(in: 0..<3)", "let a = .random()",
        "let a = b.randomElement()", "a.shuffle()", "let a = b.shuffled (  )",
        "Task { }", "Thread.sleep(1)", "func a() async {}", "let a = readLine()", "print(1)",
        "let a = FileHandle.standardError", "let a = CommandLine.arguments",
        "let a = ProcessInfo.processInfo",
        "let a = Swift.ContinuousClock.now",
    ])
    func impuritiesAreCaught(_ text: String) {
        let core = File(path: "Sources/Core/JSON/A.swift", text: text)
        #expect(impurities(core).count == 1)
        #expect(impurities(File(path: "Sources/Edge/HTTP/A.swift", text: text)).isEmpty)
    }

    @Test(arguments: [
        "// Date() and print(1)", "let a = \"Task { }\"", "let a = b.shuffled(using: &seed)",
        "let a = Int.random(in: f(0)..<3, using: &seed)", "output.print(1)", "func print(_ text: String) {}",
        "let date = 1, task = 2", "enum Due { case date }",
    ])
    func valuesAreNoImpurities(_ text: String) {
        #expect(impurities(File(path: "Sources/Core/JSON/A.swift", text: text)).isEmpty)
    }

    @Test(arguments: [
        Row("Sources/System/CSIMD/a.c", "#include <time.h>"),
        Row("Sources/System/CSIMD/include/a.h", "  #  include <pthread.h>"),
        Row("Sources/System/CSIMD/a.h", "#include \"time.h\""),
        Row("Sources/System/CSIMD/a.h", "#include CLOCK"),
        Row("Sources/System/CSIMD/a.h", "#import <unistd.h>"),
        Row("Sources/System/CSIMD/a.h", "#include_next <stdint.h>"),
        Row("Sources/System/CSIMD/a.c", "extern long time(long *);"),
        Row("Sources/System/CSIMD/a.c", "asm(\"syscall\");"),
        Row("Sources/System/CSIMD/a.c", "#include <stdint.h>\n#include \"a.h\"\n// extern", caught: false),
        Row("Sources/System/CSIMD/a.c", "#include <immintrin.h>\nchar a = '\"'; // asm", caught: false),
        Row("Sources/System/CLinux/a.h", "#include <time.h>", caught: false),
    ])
    func kernelsStayKernels(_ row: Row) {
        #expect(kernelIncludes(row.file, own: ["a.h"]).isEmpty == !row.caught)
    }

    @Test(arguments: [
        #"targets: [core("A")] + more)"#, #"targets: more)"#, #"targets: [core("A"), more].flatMap { $0 })"#,
        #"targets: [core("A", ["B"] + more)])"#, #"targets: [core(name)])"#, #"targets: [core("A\(b)")])"#,
        #"targets: [.target(name: "A", dependencies: ["B"] + more)])"#,
        #"targets: [.target(name: "A", dependencies: more)])"#,
        #"targets: [.target(name: "A", dependencies: [.target(name: "B")])])"#,
        #"targets: [.target(name: "A", path: root + "/A")])"#, #"targets: [made("A")])"#,
        "targets: [core(\"A\")])\npackage.targets.append(core(\"B\"))",
        "targets: [core(\"A\")])\nfunc core() -> Target { .target(name: n, dependencies: dependencies + more) }",
    ])
    func manifestsThatAreNotReadAreCaught(_ rest: String) {
        #expect(Manifest.unreadable("let package = Package(name: \"p\", \(rest)") != [])
    }

    @Test func manifestsOfLiteralsAreRead() {
        #expect(
            Manifest.unreadable(
                #"""
                func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
                    .target(name: name, dependencies: dependencies, path: "Sources/Core/\(name)")
                }
                let package = Package(
                    products: [.library(name: "P", targets: ["A"])],
                    targets: [
                        core("A"), core("B", ["A"]), tests("ATests", in: "Core", ["A", "B",]),
                        .target(name: "C", dependencies: ["A"], path: "Sources/C", swiftSettings: strict),
                    ],
                    cLanguageStandard: .gnu17
                )
                """#) == [])
    }

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
        let counting = Manifest(#"tests("UnitsTests", in: "Core", ["AllocationCounter"])"#)
        let debug = "core 25 swift UnitsTests"
        #expect(mirrored(counting, files: [], parts: Part.all(in: debug)).count == 1)
        let both = debug + "\nexact 9 exact UnitsTests"
        #expect(mirrored(counting, files: [], parts: Part.all(in: both)) == [])
    }

    @Test(arguments: [
        Row("a.swift", String(repeating: "x\n", count: 501)),
        Row("run", "#!/bin/sh" + String(repeating: "\n", count: 501)),
        Row("a.cpp", String(repeating: "x\n", count: 501)), Row("a.cc", String(repeating: "x\n", count: 501)),
        Row("a.hpp", String(repeating: "x\n", count: 501)),
        Row("a.swift", String(repeating: "x\n", count: 500), caught: false),
        Row("a.json", String(repeating: "1\n", count: 900), caught: false),
    ])
    func lengths(_ row: Row) { #expect(length(row.file).isEmpty == !row.caught) }

    @Test(arguments: [
        Row("Sources/Core/Utils/A.swift", ""), Row("Sources/Edge/HTTP/HTTPHelper.swift", ""),
        Row("Sources/Edge/HTTP/A.swift", "final class PoolManager {}"),
        Row("a.swift", "enum Misc { case a }"),
        Row("tools/common.sh", ""), Row("a.swift", "func parseHelper() {}"), Row("a.swift", "let utils = 1"),
        Row("a.swift", "func f(_ a: Int, helper b: Int) {}"), Row("a.swift", "case miscError"),
        Row("a.c", "static int common_part(void) { return 0; }"), Row("a.h", "#define UTIL_MAX 1"),
        Row("a.cpp", "class PoolManager {};"), Row("a.sh", "# a\nmisc_thing() { :; }"),
        Row("dev", "#!/bin/sh\nlocal helper=1"), Row("run", "#!/usr/bin/env python3\ndef util(a): pass"),
        Row("a.swift", "let a = FileManager.default, b = peer.commonName", caught: false),
        Row("a.sh", "# the manager\necho common", caught: false),
        Row("Sources/Edge/HTTP/A.swift", "struct Utilization {}", caught: false),
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
                Promise(line: 2, command: "paceline", words: ["json", "check", "file.json"]),
                Promise(line: 4, command: "dev", words: ["up", "--for", "3"]),
                Promise(line: 4, command: "paceline", words: ["check-config", "node.json"]),
            ])
    }

    @Test(
        arguments: [
            ("echo '{\"a\": 1}' | paceline json check -   # strict", ["paceline json check -"]),
            ("source <(paceline completion bash)", ["paceline completion bash"]),
            (
                "A=1 ./dev test --long 2>log >/dev/null; paceline-node --config a",
                [
                    "dev test --long", "paceline-node --config a",
                ]
            ),
            ("paceline status --timeout N URL", ["paceline status --timeout 1 http://127.0.0.1"]),
            ("paceline status --timeout $T x", ["paceline status"]),
            ("./dev fuzz http|json [--seconds N]", ["dev fuzz http"]),
            ("cat Sources/Apps/paceline x", []), ("swift run paceline", []), ("`dev`", []),
        ] as [(String, [String])])
    func commandsAreFound(_ line: String, _ commands: [String]) {
        let found = promises(in: File(path: "a.md", text: "# A\n```\n\(line)\n```"))
        #expect(found.map { ([$0.command] + $0.words).joined(separator: " ") } == commands)
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
