// What the checker refuses and where, from a table of small documents, each wrong in one way.
import OpenRTB
import Testing

@Suite struct CheckerTests {
    /// A whole ad, for one place of it to be changed.
    static let valid = """
        <?xml version="1.0" encoding="UTF-8"?>
        <VAST version="4.2" xmlns="http://www.iab.com/VAST">
        <Ad id="1"><InLine><AdSystem>p</AdSystem><Impression>https://e.com/i</Impression>
        <AdServingId>s</AdServingId><AdTitle>t</AdTitle>
        <Creatives><Creative><Linear><Duration>00:00:15</Duration><MediaFiles>
        <MediaFile delivery="progressive" type="video/mp4" width="1" height="2"><![CDATA[https://e.com/[X]]]></MediaFile>
        </MediaFiles></Linear><UniversalAdId idRegistry="r">u</UniversalAdId></Creative></Creatives>
        </InLine></Ad></VAST>

        """

    static func check(_ text: String) -> VASTError? {
        let bytes = Array(text.utf8)
        do {
            _ = try VASTSummary(checking: bytes.span.bytes)
            return nil
        } catch { return error }
    }

    @Test func theWholeIsAccepted() throws {
        let bytes = Array(Self.valid.utf8)
        let summary = try VASTSummary(checking: bytes.span.bytes)
        #expect((summary.ads, summary.wrappers, summary.mediaFiles) == (1, 0, 1))
    }

    @Test(arguments: [
        ("encoding=\"UTF-8\"", "encoding=\"latin1\"", VASTError.Reason.wrongEncoding, 1, 31),
        ("<VAST", "<!DOCTYPE VAST><VAST", .documentType, 2, 1),
        ("<VAST", "<?php ?><VAST", .processingInstruction, 2, 1),
        ("\"4.2\"", "\"4.7\"", .unsupportedVersion, 2, 16),
        (" xmlns=\"http://www.iab.com/VAST\"", "", .wrongNamespace, 2, 1),
        ("www.iab.com/VAST", "www.iab.com/VAST/", .wrongNamespace, 2, 28),
        ("<Ad id=\"1\">", "<Ad id=\"1\" id=\"2\">", .duplicateAttribute, 3, 12),
        ("<Ad id=\"1\">", "<Ad id=\"1\" ID=\"2\">", .unexpectedAttribute, 3, 12),
        ("<Ad id=\"1\">", "<Ad id=\"1\" x:id=\"2\">", .undeclaredPrefix, 3, 12),
        ("<Ad id=\"1\">", "<Ad id=\"&foo;\">", .unknownEntity, 3, 9),
        ("<Ad id=\"1\">", "<Ad id=\"&#0;\">", .invalidReference, 3, 9),
        ("<Ad id=\"1\">", "<Ad id=\"1\" sequence=\"one\">", .invalidValue, 3, 22),
        ("<Ad id=\"1\">", "<Ad id=1>", .malformed, 3, 8),
        ("<AdSystem>p</AdSystem>", "", .missingElement, 3, 20),
        ("<AdSystem>p</AdSystem>", "<AdSystem>p</adSystem>", .mismatchedEnd, 3, 31),
        ("<AdSystem>p</AdSystem>", "<AdSystem><b/></AdSystem>", .elementInValue, 3, 30),
        ("<AdSystem>p</AdSystem>", "<AdSystem>]]></AdSystem>", .cdataEndInText, 3, 30),
        ("<AdSystem>p</AdSystem>", "<AdSystem>\u{1}</AdSystem>", .invalidCharacter, 3, 30),
        ("<InLine>", "<InLine>text", .unexpectedText, 3, 20),
        ("https://e.com/i", "//e.com/i", .invalidURL, 3, 54),
        ("https://e.com/i", "https:///i", .invalidURL, 3, 54),
        ("https://e.com/i", "https://e.com/%zz", .invalidURL, 3, 54),
        ("https://e.com/i", "https://e.com/a b", .invalidURL, 3, 54),
        ("https://e.com/i", "https://e.com/[X", .invalidURL, 3, 54),
        ("<AdTitle>t</AdTitle>", "<AdTitle>t</AdTitle><AdTitle>t</AdTitle>", .missingElement, 4, 49),
        ("<AdTitle>t</AdTitle>", "<AdTitle>t</AdTitle><Title/>", .unexpectedElement, 4, 49),
        ("00:00:15", "00:60:15", .invalidDuration, 5, 40),
        ("00:00:15", "00:00:15.5", .invalidDuration, 5, 40),
        ("00:00:15", "00:00:15Z", .invalidDuration, 5, 40),
        (" width=\"1\"", "", .missingAttribute, 6, 1),
        ("\"progressive\"", "\"fast\"", .invalidValue, 6, 22),
        ("<UniversalAdId idRegistry=\"r\">u</UniversalAdId>", "", .missingElement, 5, 12),
        ("</Ad></VAST>", "</Ad></VAST><VAST/>", .secondRoot, 8, 22),
        ("</Ad></VAST>", "</Ad></VAST>x", .textOutsideRoot, 8, 22),
        ("</Ad></VAST>", "</Ad>", .truncated, 9, 1),
        ("<InLine>", "<!-- -- --><InLine>", .malformed, 3, 17),
    ])
    func refuses(_ part: String, _ by: String, _ reason: VASTError.Reason, _ line: Int, _ column: Int) {
        #expect(Self.valid.contains(part))
        let text = Self.valid.replacing(part, with: by, maxReplacements: 1)
        guard let error = Self.check(text) else {
            Issue.record("accepted: \(by)")
            return
        }
        let bytes = Array(text.utf8)
        #expect(error.reason == reason)
        #expect(error.location(in: bytes.span.bytes) == (line, column), "\(error)")
    }

    @Test func emptyAdsAndRelativeAddressesAreBeyondTheSchema() {
        let empty = #"<VAST version="3.0"><Ad/></VAST>"#
        #expect(Self.check(empty)?.reason == .emptyAd)
        #expect(VASTError.Reason.emptyAd.isBeyondSchema)
        #expect(!VASTError.Reason.missingElement.isBeyondSchema)
    }

    @Test func limitsAreKept() {
        let deep = String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
        let document = Self.valid.replacing(
            "<Impression>", with: "<Extensions><Extension>\(deep)</Extension></Extensions><Impression>",
            maxReplacements: 1)
        #expect(Self.check(document)?.reason == .tooDeep)
        let bytes = Array(Self.valid.utf8)
        #expect(throws: VASTError.self) {
            try VASTSummary(checking: bytes.span.bytes, limits: VASTLimits(bytes: 100))
        }
        let many = (0..<40).map { " a\($0)=\"1\"" }.joined()
        let wide = Self.valid.replacing("<Ad id=\"1\">", with: "<Ad\(many)>", maxReplacements: 1)
        #expect(Self.check(wide)?.reason == .tooManyAttributes)
    }

    @Test func everyPrefixIsRefused() {
        let bytes = Array(Self.valid.utf8)
        for count in 0..<bytes.count - 1 {
            let part = Array(bytes[..<count])
            #expect(throws: VASTError.self) { try VASTSummary(checking: part.span.bytes) }
        }
    }
}
