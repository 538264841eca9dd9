// What is said of a published catalog: read, refused with its place, remembered.
import Documents
import Foundation
import Kernel
import Serving
import Testing
import Units

@testable import CatalogWire

@Suite struct PublicationTests {
    private static let digest = String(repeating: "0a", count: 32)
    private static let text = #"{"version": 12, "sha256": "\#(digest)", "bytes": 1234, "format": 3}"#

    @Test func aPublicationIsReadAndWritten() throws {
        let publication = try Publication(body: Array(Self.text.utf8))
        #expect(publication.version == 12 && publication.bytes == 1_234 && publication.format == 3)
        #expect(publication.digest.description == Self.digest)
        #expect(publication.tree.line == Self.text)
        // What later versions add is left alone.
        #expect(
            try Publication(body: Array(Self.text.replacing("}", with: #", "more": [1]}"#).utf8))
                == publication)
    }

    @Test func someNodesHaveAnotherBlob() throws {
        let other = String(repeating: "0b", count: 32)
        let canary =
            #", "package": 4, "canary": {"sha256": "\#(other)", "bytes": 5, "format": 1, "package": 5, "nodes": ["a", "b"]}}"#
        let text = Self.text.replacing("}", with: canary)
        let publication = try Publication(body: Array(text.utf8))
        #expect(publication.tree.line == text)
        #expect(publication.blobs.map(\.digest.description) == [Self.digest, other])
        #expect(publication.meant(for: "b").digest.description == other)
        #expect(publication.meant(for: "b").blob.package == 5)
        #expect(publication.meant(for: "c") == Publication(version: 12, publication.blob))
        for (right, wrong, place) in [
            (other, "x", "canary.sha256"), ("\"b\"", "1", "canary.nodes[1]"),
            ("\"bytes\": 5", "\"bytes\": 0", "canary.bytes"),
            ("\"package\": 4", "\"package\": 0", "package"),
        ] {
            let malformed = #expect(throws: Malformed.self) {
                try Publication(body: Array(text.replacing(right, with: wrong).utf8))
            }
            #expect(malformed?.place == place)
        }
    }

    @Test func aDigestIsTextAndBytes() throws {
        let digest = try #require(BlobDigest(String(repeating: "09af", count: 16)))
        #expect(digest.bytes.count == 32 && BlobDigest(bytes: digest.bytes) == digest)
        #expect(BlobDigest(bytes: [1, 2]) == nil)
    }

    @Test(arguments: [
        ("12,", "0,", "version"), ("12,", "1.5,", "version"), ("12,", "\"12\",", "version"),
        (digest, "0A", "sha256"), (digest, String(repeating: "0A", count: 32), "sha256"),
        ("1234", "0", "bytes"), ("1234", "4294967296", "bytes"), ("\"format\"", "\"form\"", "format"),
        (text, "[]", "the body"), ("}", "", "the body"),
    ])
    func whatIsNoPublicationIsRefused(_ right: String, _ wrong: String, _ place: String) throws {
        let body = Array(Self.text.replacing(right, with: wrong).utf8)
        let malformed = #expect(throws: Malformed.self) { try Publication(body: body) }
        #expect(malformed?.place == place)
    }

    @Test func aQuestionIsReadAsItIsWritten() throws {
        for question in [
            PublicationQuestion(have: nil, wait: .zero), PublicationQuestion(have: 12, wait: .seconds(20)),
        ] {
            let parts = question.target(.catalog).split(separator: "?")
            #expect(parts[0] == "/v1/catalog")
            #expect(try PublicationQuestion(query: parts.count > 1 ? String(parts[1]) : "") == question)
        }
        for (query, place) in [
            ("have=x", "have"), ("wait=26", "wait"), ("wait=-1", "wait"), ("have", "have"), ("wait=", "wait"),
        ] {
            let malformed = #expect(throws: Malformed.self) { try PublicationQuestion(query: query) }
            #expect(malformed?.place == place, "\(query)")
        }
    }

    @Test func itIsRemembered() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "published-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let memory = PublicationMemory(
            try Publication(body: Array(Self.text.utf8)), name: "abc", asOf: Instant(nanoseconds: 1_234_567))
        try memory.write(to: file)
        #expect(PublicationMemory(at: file) == memory)
        try Data("{}".utf8).write(to: URL(filePath: file))
        #expect(PublicationMemory(at: file) == nil)
    }

    /// Against sha256sum.
    @Test func aDraftIsHeldAgainstWhatWasAnnounced() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "draft-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try Data(bytes).write(to: folder.appending(path: "right"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["sha256sum", folder.appending(path: "right").path()]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let sum = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self).prefix(
            64)
        process.waitUntilExit()
        let digest = try #require(BlobDigest(sum))
        #expect(BlobDigest(of: bytes) == digest)
        let publication = Publication(version: 1, digest: digest, bytes: bytes.count, format: 3)
        let path = folder.appending(path: "draft").path()
        func trouble(_ bytes: [UInt8]) throws -> String? {
            let draft = try BlobDraft(path, of: publication)
            for start in stride(from: 0, to: bytes.count, by: 7_777) {
                let isWanted = bytes[start..<min(start + 7_777, bytes.count)].withUnsafeBytes {
                    draft.take($0)
                }
                if !isWanted { break }
            }
            do {
                try draft.finish()
                return nil
            } catch { return "\(error)" }
        }
        #expect(try trouble(bytes) == nil)
        #expect(try Array(Data(contentsOf: URL(filePath: path))) == bytes)
        var changed = bytes
        changed[123_456] ^= 1
        #expect(try trouble(changed)?.hasPrefix("its SHA-256 is ") == true)
        #expect(try trouble(bytes.dropLast())?.hasPrefix("found 199999 bytes") == true)
        #expect(try trouble(bytes + [0])?.hasPrefix("found 200001 bytes") == true)
    }
}
