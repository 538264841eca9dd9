// The demo catalog of the repository: it is accepted, compiles to the same bytes however it is cut, and comes back
// from its snapshot as it was written.
import Documents
import Foundation
import Testing
import Units

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
        #expect(source.lineItems.count == 10 && source.campaigns.count == 5 && source.creatives.count == 11)
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

    @Test func aDecisionReadsWhatTheFilesSay() throws {
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(read(demoFiles())))
        let place = try #require(
            (0..<snapshot.lineItemCount).first { snapshot.id(.lineItems, at: $0) == "aurora-sports-live" })
        let item = snapshot.lineItem(at: place)
        #expect(item.priority == .sponsorship && item.bid == Micros(42_000_000) && item.goalValue == nil)
        #expect(item.guaranteedImpressions == 4_000_000 && item.status == .ready)
        let campaign = snapshot.campaign(at: item.campaign)
        #expect(campaign.dailyBudget == Micros(12_500_000_000) && campaign.dayStartsAtMinutes == -300)
        #expect(campaign.pacing == .traffic && snapshot.id(.advertisers, at: campaign.advertiser) == "aurora")
        let creatives = item.creatives.map { snapshot.creative(at: snapshot.creative(inList: $0)) }
        #expect(
            creatives.map(\.durationMilliseconds) == [30_000, 15_000] && creatives[0].mediaFiles.count == 3)
        let caps = item.frequencyCaps.map { snapshot.frequencyCap(inList: $0) }
        #expect(caps.map(\.impressions) == [2, 6] && caps.map(\.windowMinutes) == [60, 1_440])

        let publisher = snapshot.row(.publishers, id: "streamfront".utf8Span.span.raw)
        let kids = snapshot.row(.inventory, id: "streamfront-kids".utf8Span.span.raw)
        let roku = snapshot.row(.inventory, id: "streamfront-roku".utf8Span.span.raw)
        let nobody = snapshot.row(.publishers, id: "streamfron".utf8Span.span.raw)
        #expect(nobody == nil)
        let front = try #require(publisher)
        #expect(snapshot.floor(publisher: front, inventory: kids).amount == Micros(14_500_000))
        #expect(snapshot.floor(publisher: front, inventory: roku).amount == Micros(16_000_000))
        var lists: [String] = []
        snapshot.forEachBlockList(publisher: front, inventory: kids) {
            lists.append(snapshot.id(.blockLists, at: $0))
        }
        #expect(lists == ["streamfront-standards", "kids-standards"])
    }
}
