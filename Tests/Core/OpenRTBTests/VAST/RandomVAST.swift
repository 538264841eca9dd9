// Random documents for the VAST tests: every part that the writer knows, in any number, with texts that XML
// has to escape; and damage to finished documents.
import OpenRTB
import Units

struct RandomVAST {
    var random: Randomness

    init(seed: UInt64) { random = Randomness(seed: seed) }

    mutating func chance(_ percent: UInt64) -> Bool { random.next(below: 100) < percent }

    mutating func fill(_ document: inout VASTDocument, version: VASTVersion) {
        document.reset(version)
        if chance(30) { document.noAdError(url(&document, error: true)) }
        for sequence in 0..<random.next(in: 0...4) {
            if chance(25) { wrapper(&document, sequence) } else { inLine(&document, sequence) }
        }
    }

    mutating func text(_ document: inout VASTDocument) -> VASTText {
        let choices = [
            "Plain", "Fish & Chips", "a < b > c", "say \"hi\"", "it's", "]]>", "a]]>b]]>c", "äöü €", "日本",
            "𝄞",
            "tab\tnew\nline", " space ",
        ]
        return document.text(choices[Int(random.next(below: UInt64(choices.count)))])
    }

    mutating func url(_ document: inout VASTDocument, error: Bool = false) -> VASTText {
        var url = document.text("https://n\(random.next(below: 9)).example.com/e/imp?a=1&b=%20")
        if chance(20) { document.append("&t='\"ä|{}", to: &url) }
        if error {
            document.append("&code=", to: &url)
            document.append(VASTMacro.errorCode, to: &url)
        }
        return url
    }

    mutating func shared(_ document: inout VASTDocument) {
        document.adSystem(text(&document), version: chance(50) ? text(&document) : .none)
        for _ in 0..<random.next(in: 1...3) {
            document.impression(url(&document), id: chance(30) ? text(&document) : .none)
        }
        for _ in 0..<random.next(in: 0...2) { document.error(url(&document, error: true)) }
        if chance(30) {
            document.pricing(
                Micros(Int64(random.next(in: -5...90_000_000))), model: .cpm, currency: document.text("USD"))
        }
        if chance(30) {
            document.extensionXML(document.text("<x:y xmlns:x=\"u:v\">1 &lt; 2</x:y>"), type: text(&document))
        }
        if chance(30) { document.viewable(url(&document)) }
        if chance(30) { document.notViewable(url(&document)) }
        for _ in 0..<random.next(in: 0...2) {
            document.beginVerification(vendor: document.text("example.com-omid"))
            if chance(50) { document.javaScript(url(&document), apiFramework: document.text("omid")) }
            if chance(20) {
                document.executable(
                    url(&document), apiFramework: document.text("omid"), type: document.text("x/y"))
            }
            if chance(50) { document.verificationNotExecuted(url(&document)) }
            if chance(50) { document.verificationParameters(text(&document)) }
        }
    }

    mutating func wrapper(_ document: inout VASTDocument, _ sequence: Int) {
        document.beginWrapper(
            id: text(&document), sequence: sequence, tag: url(&document), followsMore: chance(50),
            allowsSeveralAds: chance(50))
        shared(&document)
        if chance(30) {
            document.blockedCategory(
                document.text("232"), authority: document.text("https://iabtechlab.com"))
        }
        if chance(60) {
            document.beginLinear(id: text(&document))
            tracking(&document)
        }
    }

    mutating func inLine(_ document: inout VASTDocument, _ sequence: Int) {
        document.beginInLine(
            id: text(&document), sequence: sequence, adServingID: document.text("f0-1"),
            title: text(&document))
        shared(&document)
        if chance(50) { document.advertiser(text(&document)) }
        if chance(50) { document.description(text(&document)) }
        if chance(20) { document.expires(afterSeconds: random.next(in: 1...99_999)) }
        if chance(20) { document.survey(url(&document)) }
        for _ in 0..<random.next(in: 0...2) {
            document.category(text(&document), authority: document.text("iabtechlab.com"))
        }
        for _ in 0..<random.next(in: 1...2) {
            document.beginLinear(
                milliseconds: random.next(in: 0...86_399_999),
                skipAfterMilliseconds: chance(50) ? random.next(in: 0...30_000) : nil, id: text(&document),
                adID: text(&document), sequence: random.next(in: 0...3))
            document.universalAdID(text(&document), registry: document.text("ad-id.org"))
            tracking(&document)
            media(&document)
            if chance(30) { document.adParameters(text(&document)) }
        }
    }

    mutating func tracking(_ document: inout VASTDocument) {
        for event in VASTEvent.allCases where chance(30) {
            let after = event == .progress || chance(10) ? random.next(in: 0...60_000) : nil
            document.tracking(event, url(&document), afterMilliseconds: after)
        }
        if chance(50) { document.clickThrough(url(&document), id: text(&document)) }
        for _ in 0..<random.next(in: 0...2) { document.clickTracking(url(&document)) }
        if chance(20) { document.customClick(url(&document)) }
    }

    mutating func media(_ document: inout VASTDocument) {
        for number in 0..<random.next(in: 1...8) {
            var file = VASTMediaFile()
            file.url = url(&document)
            file.type = document.text("video/mp4")
            file.isStreaming = chance(20)
            file.width = random.next(in: 0...3840)
            file.height = random.next(in: 0...2160)
            file.bitrateKbps = random.next(in: 0...20_000)
            if chance(30) { (file.minBitrateKbps, file.maxBitrateKbps) = (100, 900) }
            if chance(50) { file.codec = document.text("H.264") }
            if chance(10) { file.apiFramework = document.text("SIMID") }
            document.mediaFile(file)
            if number == 0 && chance(30) { document.mezzanine(file) }
        }
        // Whatever else there is, one file fits any device.
        var file = VASTMediaFile()
        (file.url, file.type) = (url(&document), document.text("video/mp4"))
        document.mediaFile(file)
        if chance(20) {
            document.closedCaptions(
                url(&document), type: document.text("text/vtt"), language: document.text("en"))
        }
    }

    /// Changes the document as a careless program would: tags lost, doubled, swapped, renamed; attributes
    /// lost; values broken; bytes changed.
    mutating func damage(_ text: [UInt8]) -> [UInt8] {
        let string = String(decoding: text, as: UTF8.self)
        var pieces = string.split(separator: "<", omittingEmptySubsequences: false).map { "<" + $0 }
        pieces[0].removeFirst()
        let at = random.next(in: 2...max(2, pieces.count - 1))
        guard at < pieces.count else { return text }
        switch random.next(below: 9) {
        case 0: pieces.remove(at: at)
        case 1: pieces.insert(pieces[at], at: at)
        case 2: pieces.swapAt(at, random.next(in: 2...pieces.count - 1))
        case 3: removeElement(&pieces, at)
        case 4: doubleElement(&pieces, at)
        case 5: pieces[at] = dropAttribute(pieces[at])
        case 6: pieces[at] = pieces[at].replacing("\"", with: "\" extra=\"1", maxReplacements: 1)
        case 7: pieces[at] = breakValue(pieces[at])
        default:
            var bytes = text
            let position = random.next(in: 40...bytes.count - 1)
            bytes[position] = UInt8(random.next(below: 128))
            return bytes
        }
        return Array(pieces.joined().utf8)
    }

    /// The piece where the element that opens at `at` ends.
    private func end(_ pieces: [String], _ at: Int) -> Int? {
        let name = pieces[at].dropFirst().prefix { !" >/".contains($0) }
        guard !name.isEmpty, !name.hasPrefix("!") else { return nil }
        return pieces[at...].firstIndex { $0.hasPrefix("</\(name)>") }
    }

    private func removeElement(_ pieces: inout [String], _ at: Int) {
        if let end = end(pieces, at) { pieces.removeSubrange(at...end) }
    }

    private func doubleElement(_ pieces: inout [String], _ at: Int) {
        if let end = end(pieces, at) { pieces.insert(contentsOf: pieces[at...end], at: at) }
    }

    private mutating func dropAttribute(_ piece: String) -> String {
        guard let space = piece.firstIndex(of: " "), let end = piece.firstIndex(of: ">"), space < end else {
            return piece
        }
        var words = piece[space..<end].split(separator: "\" ", omittingEmptySubsequences: true).map(
            String.init)
        words.remove(at: Int(random.next(below: UInt64(words.count))))
        return String(piece[..<space]) + words.joined(separator: "\" ") + piece[end...]
    }

    private mutating func breakValue(_ piece: String) -> String {
        let digits = piece.indices.filter { piece[$0].isNumber }
        guard !digits.isEmpty else { return piece + "text" }
        var broken = piece
        let index = digits[Int(random.next(below: UInt64(digits.count)))]
        let with = ["x", "", " ", "-", ":", ".", "99"][Int(random.next(below: 7))]
        broken.replaceSubrange(index...index, with: with)
        return broken
    }
}

/// The bytes of a document.
func bytes(of document: borrowing VASTDocument, for device: VASTDevice = VASTDevice()) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    var span = buffer.mutableSpan
    let written = try document.write(into: span.mutableBytes, for: device)
    return Array(buffer[..<written.byteCount])
}
