// What the writer makes of a document: accepted by our own checker in both versions, escaped so that texts come
// back as they were, with the right media files, without allocating.
import AllocationCounter
import Foundation
import FoundationXML
import OpenRTB
import Testing
import Units

@Suite struct WriterTests {
    @Test(arguments: VASTVersion.allCases) func whateverIsWrittenIsValid(version: VASTVersion) throws {
        var random = RandomVAST(seed: 41)
        var document = VASTDocument()
        for round in 0..<150 {
            random.fill(&document, version: version)
            let bytes = try bytes(of: document)
            do {
                let summary = try VASTSummary(checking: bytes.span.bytes)
                #expect(summary.version == version)
            } catch {
                let place = error.location(in: bytes.span.bytes)
                Issue.record("seed 41, round \(round), \(place): \(error)")
                return
            }
        }
    }

    private func sample(_ document: inout VASTDocument, _ version: VASTVersion, title: String) {
        document.reset(version)
        document.beginInLine(
            id: document.text("1"), sequence: 2, adServingID: document.text("s"), title: document.text(title))
        document.adSystem(document.text("Paceline"))
        var url = document.text("https://e.com/?c=")
        document.append(.errorCode, to: &url)
        document.error(url)
        document.impression(document.text("https://e.com/i?a]]>b"))
        document.beginLinear(milliseconds: 30_500)
        document.universalAdID(document.text("CNPA0484000H"), registry: document.text("ad-id.org"))
        document.tracking(.loaded, document.text("https://e.com/l"))
        document.tracking(.playerExpand, document.text("https://e.com/x"))
        for (height, kbps) in [(360, 800), (1080, 6000), (2160, 16_000)] {
            var file = VASTMediaFile()
            file.url = document.text("https://cdn.e.com/\(height).mp4")
            file.type = document.text("video/mp4")
            file.kind = .mp4
            (file.width, file.height, file.bitrateKbps) = (height * 16 / 9, height, kbps)
            document.mediaFile(file)
        }
    }

    @Test func bothVersionsOfOneDocument() throws {
        var document = VASTDocument()
        sample(&document, .v4_2, title: "A & B")
        let four = String(decoding: try bytes(of: document), as: UTF8.self)
        #expect(four.contains(#"<Ad id="1" sequence="2"><InLine><AdSystem>Paceline</AdSystem><Error>"#))
        #expect(four.contains("<![CDATA[https://e.com/?c=[ERRORCODE]]]>"))
        #expect(four.contains("<![CDATA[https://e.com/i?a]]]]><![CDATA[>b]]>"))
        #expect(four.contains("<AdTitle>A &amp; B</AdTitle>"))
        #expect(four.contains("<Duration>00:00:30.500</Duration>"))
        #expect(four.contains(#"<UniversalAdId idRegistry="ad-id.org">CNPA0484000H</UniversalAdId>"#))
        sample(&document, .v3_0, title: "A & B")
        let three = String(decoding: try bytes(of: document), as: UTF8.self)
        #expect(three.contains(#"<VAST version="3.0"><Ad id="1" sequence="2"><InLine><AdSystem>"#))
        #expect(three.contains(#"<Creative AdID="CNPA0484000H">"#))
        #expect(three.contains(#"<Tracking event="fullscreen">"#) && !three.contains("loaded"))
    }

    @Test func textsComeBackAsTheyWere() throws {
        for title in ["a]]>b", "<&>\"'", "tab\tline\nreturn\r.", "€𝄞"] {
            var document = VASTDocument()
            sample(&document, .v4_2, title: title)
            let tree = try XMLDocument(data: Data(try bytes(of: document)))
            let titles = try tree.nodes(forXPath: "//*[local-name()='AdTitle']")
            #expect(titles.map(\.stringValue) == [title])
            let impression = try tree.nodes(forXPath: "//*[local-name()='Impression']")
            #expect(impression.map(\.stringValue) == ["https://e.com/i?a]]>b"])
        }
    }

    @Test func devicesGetTheFilesThatFit() throws {
        var document = VASTDocument()
        sample(&document, .v4_2, title: "t")
        func files(_ change: (inout VASTDevice) -> Void) throws -> [Int] {
            var device = VASTDevice()
            change(&device)
            let text = String(decoding: try bytes(of: document, for: device), as: UTF8.self)
            return text.matches(of: /com\/([0-9]+)\.mp4/).compactMap { Int($0.1) }
        }
        #expect(try files { $0.height = 1080 } == [1080, 2160, 360])
        #expect(try files { $0.height = 2160 }.first == 2160)
        #expect(try files { $0.maxBitrateKbps = 6000 } == [1080, 360])
        #expect(try files { $0.minBitrateKbps = 6000 }.sorted() == [1080, 2160])
        #expect(try files { $0.filesMax = 1 } == [2160])
        #expect(throws: VASTWriteError.missing(.mediaFile, ad: 0)) { try files { $0.types = .webm } }
    }

    @Test func whatCannotBeWrittenIsRefused() throws {
        var document = VASTDocument(parts: 3, textBytes: 100)
        document.reset(.v4_2)
        document.beginInLine(adServingID: document.text("a"), title: document.text("b"))
        #expect(throws: VASTWriteError.missing(.adSystem, ad: 0)) { try bytes(of: document) }
        document.adSystem(document.text("a\u{0}b"))
        #expect(throws: VASTWriteError.notText(at: 1)) { try bytes(of: document) }
        document.reset(.v4_2)
        for _ in 0..<4 { document.noAdError(.none) }
        #expect(throws: VASTWriteError.tooManyParts) { try bytes(of: document) }
        document.reset(.v4_2)
        _ = document.text(String(repeating: "x", count: 101))
        #expect(throws: VASTWriteError.tooMuchText) { try bytes(of: document) }
    }

    @Test func smallBuffersAreNeverOverrun() throws {
        var document = VASTDocument()
        sample(&document, .v4_2, title: "t")
        let whole = try bytes(of: document)
        for size in stride(from: 0, to: whole.count, by: 7) {
            var buffer = [UInt8](repeating: 0xEE, count: whole.count)
            var span = buffer.mutableSpan
            var small = span.mutableBytes
            #expect(throws: VASTWriteError.bufferTooSmall(needed: whole.count)) {
                try document.write(into: small._mutatingExtracting(0..<size))
            }
            #expect(buffer[size...].allSatisfy { $0 == 0xEE })
        }
    }

    @Test func nothingIsAllocated() throws {
        var document = VASTDocument()
        var buffer = [UInt8](repeating: 0, count: 32 * 1024)
        var counted: UInt64 = 1
        for _ in 0..<2 {
            let before = allocations_of_thread()
            var span = buffer.mutableSpan
            plain(&document)
            let written = try document.write(into: span.mutableBytes)
            counted = allocations_of_thread() - before
            #expect(written.byteCount > 500)
        }
        #expect(counted == 0)
    }

    /// An ad from literals only: a String would allocate on the test's account.
    private func plain(_ document: inout VASTDocument) {
        document.reset(.v4_2)
        document.beginInLine(adServingID: document.text("s"), title: document.text("t"))
        document.adSystem(document.text("Paceline"))
        document.impression(document.text("https://e.com/i"))
        document.beginLinear(milliseconds: 30_500)
        document.universalAdID(document.text("C"), registry: document.text("ad-id.org"))
        var file = VASTMediaFile()
        file.url = document.text("https://cdn.e.com/1.mp4")
        file.type = document.text("video/mp4")
        document.mediaFile(file)
    }
}
