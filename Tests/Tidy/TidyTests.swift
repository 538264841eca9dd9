// The repository held to its own rules: one test for each rule, over every file.
import Foundation
import Testing

@Suite struct TidyTests {
    let manifest: Manifest
    let manifestText: String

    init() throws {
        manifestText = try #require(Repository.file("Package.swift")).text
        manifest = Manifest(manifestText)
    }

    func parts() throws -> [Part] { Part.all(in: try #require(Repository.file("Tests/budgets")).text) }

    @Test func dependenciesPointOneWay() {
        #expect(manifest.targets.count > 10, "Package.swift was not understood")
        expectNothing(arrows(manifest, text: manifestText))
        expectNothing(Manifest.unreadable(manifestText))
    }

    @Test func importsPointOneWay() {
        expectNothing(Repository.files.flatMap { importArrows($0, manifest) })
    }

    @Test func coreGivesTheSameForTheSame() {
        expectNothing(Repository.files.flatMap(impurities))
        let kernels = Repository.files.filter { $0.path.hasPrefix("Sources/System/CSIMD/") }
        #expect(!kernels.isEmpty)
        let headers = Set(kernels.map(\.name).filter { $0.hasSuffix(".h") })
        expectNothing(kernels.flatMap { kernelIncludes($0, own: headers) })
    }

    @Test func everyTargetHasItsFolderItsTestsAndItsPart() throws {
        expectNothing(mirrored(manifest, files: Repository.files, parts: try parts()))
    }

    @Test func filesAreShort() { expectNothing(Repository.files.flatMap(length)) }

    @Test func namesSayWhatThingsDo() { expectNothing(Repository.files.flatMap(names)) }

    @Test func filesOpenWithWhatTheyOwn() { expectNothing(Repository.files.flatMap(opening)) }

    @Test func sourcesAreFinished() { expectNothing(Repository.files.flatMap(unfinished)) }

    @Test func nothingNamesOneMachine() { expectNothing(Repository.files.flatMap(machinePaths)) }

    @Test func decisionsAreNumberedAndLinked() { expectNothing(decisions(Repository.files)) }

    @Test func documentsNameFilesThatExist() {
        let documents = Repository.files.filter { $0.ending == "md" }
        expectNothing(documents.flatMap { missingPaths($0, exists: Repository.exists) })
    }

    @Test func documentedCommandsExist() throws {
        let documents = Repository.files.filter { $0.ending == "md" }
        var asked: [[String]: Bool] = [:]
        for document in documents {
            for promise in promises(in: document) {
                let whole = [promise.command] + promise.words
                let isUnderstood = try asked[whole] ?? promise.isUnderstood()
                asked[whole] = isUnderstood
                #expect(
                    isUnderstood,
                    "\(document.path):\(promise.line): \(whole.joined(separator: " ")) is no command")
            }
        }
        for command in Promise.commands {
            #expect(asked.keys.contains { $0.first == command }, "no document shows \(command)")
        }
    }

    @Test(arguments: [
        "./dev test --bogus", "./dev test nowhere", "./dev fuzz xml", "./dev fuzz http --second 1",
        "./dev bench nothing", "./dev up --port 99999", "./dev format --chek", "./dev deploy",
        "paceline completion fish", "paceline json check --nope x", "paceline json check --depth x",
        "paceline jsn check x", "paceline status ftp://x", "paceline-node --confg x", "paceline-node x",
    ])
    func inventedCommandsAreCaught(_ line: String) throws {
        let document = File(path: "README.md", text: "# A\n\n```sh\n\(line)\n```\n")
        let promise = try #require(promises(in: document).first)
        #expect(try !promise.isUnderstood())
    }
}

extension Promise {
    /// Whether the program itself takes the words. It parses what stands before `--help`, and then does nothing but
    /// print a page.
    fileprivate func isUnderstood() throws -> Bool {
        let executable =
            command == "dev"
            ? Repository.root.appendingPathComponent("dev")
            : Repository.products.appendingPathComponent(command)
        return try Repository.succeeds(executable, words + ["--help"])
    }
}

/// Records each finding as an issue of its own, so that the log has a line for each.
private func expectNothing(_ found: [Untidy], sourceLocation: SourceLocation = #_sourceLocation) {
    for untidy in found { Issue.record("\(untidy)", sourceLocation: sourceLocation) }
}
