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
    }

    @Test func importsPointOneWay() {
        expectNothing(Repository.files.flatMap { importArrows($0, manifest) })
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

    /// `--help` behind the words of a command is answered where the command exists.
    @Test func documentedCommandsExist() throws {
        let documents = Repository.files.filter { $0.ending == "md" }
        let executables = [
            "dev": Repository.root.appendingPathComponent("dev"),
            "paceline": Repository.products.appendingPathComponent("paceline"),
        ]
        var asked: [[String]: Bool] = [:]
        for document in documents {
            for promise in promises(in: document) {
                let executable = try #require(executables[promise.command])
                let whole = [promise.command] + promise.words
                let answered =
                    try asked[whole] ?? Repository.succeeds(executable, promise.words + ["--help"])
                asked[whole] = answered
                #expect(
                    answered,
                    "\(document.path):\(promise.line): \(whole.joined(separator: " ")) is no command")
            }
        }
        #expect(!asked.isEmpty, "README.md shows no command at all")
    }

    /// `./dev test NAME` in a document names a part that there is.
    @Test func documentedPartsExist() throws {
        let parts = try parts().map(\.name)
        for document in Repository.files where document.ending == "md" {
            for promise in promises(in: document)
            where promise.command == "dev" && promise.words.first == "test" {
                for name in promise.words.dropFirst() {
                    #expect(
                        parts.contains(name), "\(document.path):\(promise.line): no part is named \(name)")
                }
            }
        }
    }
}

/// Records each finding as an issue of its own, so that the log has a line for each.
private func expectNothing(_ found: [Untidy], sourceLocation: SourceLocation = #_sourceLocation) {
    for untidy in found { Issue.record("\(untidy)", sourceLocation: sourceLocation) }
}
