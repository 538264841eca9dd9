// Creatives of one kind are those that no slot can tell apart, and what was asked for one of them is kept for the others
// of the same pod, and for nobody else.
import Catalog
import Testing
import Units

@testable import Decision

@Suite struct KindTests {
    /// What a creative and its only file are changed in, and whether slots see it.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var isSeen = true
        let apply: @Sendable (inout Creative) -> Void

        static let all: [Change] = [
            .init(testDescription: "nothing", isSeen: false) { _ in },
            .init(testDescription: "its length") { $0.durationMilliseconds = 15_000 },
            .init(testDescription: "its length by less than a second's tenth", isSeen: false) {
                $0.durationMilliseconds = 30_080
            },
            .init(testDescription: "its medium") {
                $0.format = .audio
                $0.mediaFiles[0].mime = "audio/mp4"
                ($0.mediaFiles[0].width, $0.mediaFiles[0].height) = (0, 0)
            },
            .init(testDescription: "its audit") { $0.audit = .pending },
            .init(testDescription: "an attribute") { $0.attributes = [3] },
            .init(testDescription: "another attribute") { $0.attributes = [4] },
            .init(testDescription: "two attributes") { $0.attributes = [3, 4] },
            .init(testDescription: "another server's tag") { $0.vastTag = "https://ads.example/tag" },
            .init(testDescription: "such a tag in the clear") { $0.vastTag = "http://ads.example/tag" },
            .init(testDescription: "a file's type") { $0.mediaFiles[0].mime = "video/webm" },
            .init(testDescription: "a file's delivery") { $0.mediaFiles[0].delivery = .streaming },
            .init(testDescription: "a file in the clear") {
                $0.mediaFiles[0].url = "http://cdn.example/x.mp4"
            },
            .init(testDescription: "a file's width") { $0.mediaFiles[0].width = 1_280 },
            .init(testDescription: "a file's height") { $0.mediaFiles[0].height = 720 },
            .init(testDescription: "a file's rate") { $0.mediaFiles[0].bitrateKilobits = 900 },
            .init(testDescription: "one file more") { $0.mediaFiles.append($0.mediaFiles[0]) },
            .init(testDescription: "a file's address", isSeen: false) {
                $0.mediaFiles[0].url = "https://other.example/x.mp4"
            },
            .init(testDescription: "its categories", isSeen: false) { $0.categories = ["IAB1"] },
            .init(testDescription: "its language", isSeen: false) { $0.language = "fr" },
            .init(testDescription: "its page", isSeen: false) { $0.clickThrough = "https://a.example/other" },
        ]
    }

    /// All of them in one catalog: each is of the kind of the others that slots see alike.
    @Test func kindsAreWhatSlotsTellApart() throws {
        let bidders = Change.all.indices.map {
            SmallMarket.Bidder(id: "c\($0)", advertiser: "a", bid: 1)
        }
        let snapshot = try SmallMarket(bidders: bidders) { source in
            for (index, change) in Change.all.enumerated() {
                let at = source.creatives.firstIndex { $0.id == "c\(index)" }!
                source.creatives[at].mediaFiles[0].url = "https://cdn.example/c\(index).mp4"
                source.creatives[at].mediaFiles[0].width = 1_920
                source.creatives[at].mediaFiles[0].height = 1_080
                source.creatives[at].mediaFiles[0].bitrateKilobits = 4_000
                change.apply(&source.creatives[at])
                if source.creatives[at].vastTag != nil { source.creatives[at].mediaFiles = [] }
            }
        }.snapshot()
        let index = DecisionIndex(snapshot, DecisionSettings())
        let kinds = Change.all.indices.map { number in
            index.demand.creatives[snapshot.row(.creatives, id: Array("c\(number)".utf8).span.bytes)!].kind
        }
        for (number, change) in Change.all.enumerated() {
            #expect((kinds[number] != kinds[0]) == change.isSeen, "\(change.testDescription)")
        }
        #expect(Set(kinds).count == 1 + Change.all.count(where: \.isSeen))
    }

    /// More kinds than there are places: what is found is the kind's own, and of this pod.
    @Test func whatIsKeptIsOfItsKindAndPod() {
        var fits = KindFits()
        fits.removeAll()
        var found = 0
        for pod in UInt32(1)...40 {
            for kind in UInt32(0)..<200 {
                var fit = KindFit()
                fit.slots = pod << 16 | kind
                let before = fits.find(kind)
                #expect(before == nil || before?.slots == fit.slots)
                fits.keep(fit, of: kind)
                let kept = fits.find(kind)
                #expect(kept?.slots == fit.slots)
                let other = fits.find(kind / 2)
                if let other {
                    found += 1
                    #expect(other.slots == pod << 16 | kind / 2)
                }
            }
            fits.removeAll()
            for kind in UInt32(0)..<200 {
                let none = fits.find(kind)
                #expect(none == nil, "\(kind) of pod \(pod)")
            }
        }
        #expect(found > 1_000)
    }
}
