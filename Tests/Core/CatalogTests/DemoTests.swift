// The demo catalog of the repository: it is accepted, compiles to the same bytes however it is cut, and comes back
// from its snapshot as it was written.
import Documents
import Foundation
import Testing

@testable import Catalog

let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized

/// The demo's files by name.
func demoFiles() throws -> [(name: String, bytes: [UInt8])] {
    let folder = repository.appending(path: "Examples/catalog")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
        ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
    }
}

func read(_ files: [(name: String, bytes: [UInt8])]) throws -> CatalogSource {
    var reading = CatalogReading()
    for file in files { reading.add(file.name, file.bytes) }
    return try reading.finish()
}

@Suite struct DemoTests {
    @Test func isAccepted() throws {
        let source = try read(try demoFiles())
        #expect(source.lineItems.count == 8 && source.campaigns.count == 5 && source.creatives.count == 9)
    }

    @Test func compilesToTheSameBytesInAnyOrder() throws {
        let files = try demoFiles()
        let bytes = try CatalogCompiler.compile(try read(files))
        #expect(try CatalogCompiler.compile(try read(files.reversed())) == bytes)
        var turned = try read(files)
        turned.lineItems.reverse()
        turned.creatives.reverse()
        turned.blockLists.reverse()
        #expect(try CatalogCompiler.compile(turned) == bytes)
    }

    @Test func comesBackFromItsSnapshot() throws {
        let source = try read(try demoFiles())
        let bytes = try CatalogCompiler.compile(source)
        let again = CatalogSource(try CatalogSnapshot(copying: bytes))
        for kind in EntityKind.allCases {
            let changes = CatalogChange.changes(from: source.trees(kind), to: again.trees(kind))
            #expect(changes.isEmpty, "\(kind): \(changes.map(\.id))")
            #expect(again.trees(kind).count == source.trees(kind).count)
        }
        #expect(try CatalogCompiler.compile(again) == bytes)
    }
}
