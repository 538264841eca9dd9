// GPP and US privacy strings: published ones, each field of each section at the bit where the specification
// has it, and damage.
import OpenRTB
import Testing

@Suite struct GPPTests {
    static func read(_ text: String, vendor: VendorID = 1) throws(ConsentError) -> ConsentString {
        let bytes = Array(text.utf8)
        return try ConsentString(bytes.span.bytes, vendor: vendor)
    }

    /// Examples of the specification and of the IAB's own library.
    @Test(arguments: [
        ("DBABTA~1---", "uspv1"),
        ("DBABTA~1YNN", "uspv1"),
        ("DBABLA~BAAAAAAAAABA.QA", "usnat"),
        ("DBABLA~BAAAAAAAAQA.QA", "usnat"),
        ("DBABLA~BVQqAAAAAgA.QA", "usnat"),
        ("DBABBg~BAAAAACA", "usca"),
        ("DBACNYA~CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.QAAA.IAAA~1YNN", "tcfeuv2 uspv1"),
        ("DBACNY~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN", "tcfeuv2 uspv1"),
    ])
    func publishedStringsAreRead(_ text: String, _ sections: String) throws {
        let read = try Self.read(text)
        #expect(read.form == .gpp)
        #expect(read.sectionNames.joined(separator: " ") == sections)
    }

    @Test(arguments: [
        ("", ConsentError.Reason.empty, 0), ("x", .unknownForm, 0), ("D", .truncated, 1),
        ("DCABTA~1---", .unsupportedVersion, 1),
        ("DBABTA", .sectionsDiffer, 6),
        ("DBABTA~1---~1---", .sectionsDiffer, 12),
        ("DBAB", .truncated, 4),
        ("DBABAAAAAAAA~1---", .invalidNumber, 8),
        ("DBABTA~2---", .unsupportedVersion, 7), ("DBABTA~1--", .truncated, 10),
        ("DBABTA~1-x-", .invalidCharacter, 9), ("DBABTA~1----", .trailingBits, 11),
        ("DBABLA~BAAAAAAAAABA.QA.QA", .repeatedSegment, 23),
        ("DBABLA~BAAAAAAAAABA.gA", .unknownSegment, 20),
        ("DBABLA~BMAAAAAAAABA.QA", .invalidValue, 8),
        ("DBABLA~CAAAAAAAAABA.QA", .unsupportedVersion, 7),
        ("DBABLA~BAAAAAAA", .truncated, 15),
        ("1YN", .truncated, 3), ("1YNNN", .trailingBits, 4), ("1YNy", .invalidCharacter, 3),
        ("2YNN", .unsupportedVersion, 0),
    ])
    func refuses(_ text: String, _ reason: ConsentError.Reason, _ offset: Int) {
        do {
            _ = try Self.read(text)
            Issue.record("\(text) is accepted")
        } catch {
            #expect((error.reason, error.offset) == (reason, offset), "\(text)")
        }
    }

    /// The header of one section: its type, its version, one item, and the id as a Fibonacci number.
    static func header(_ section: Int) -> String {
        var bits = BitWriter()
        for (value, count) in [(3, 6), (1, 6), (1, 12), (0, 1)] { bits.put(value, count) }
        var terms = [1, 2]
        while terms[terms.count - 1] < section { terms.append(terms.suffix(2).reduce(0, +)) }
        var left = section
        var ones: Set<Int> = []
        for index in terms.indices.reversed() where terms[index] <= left {
            left -= terms[index]
            ones.insert(index)
        }
        for index in 0...(ones.max() ?? 0) { bits.put(ones.contains(index) ? 1 : 0, 1) }
        bits.put(1, 1)
        return bits.text
    }

    /// For each section: its bits, and where the first of them stands of its opt-out of sale, of precise
    /// location (−1 where it has none), of known children, and of the service provider mode; and whether it
    /// may have a subsection for the browser's control. Counted from the IAB's field tables.
    static let sections: [(Int, Int, Int, Int, Int, Int, Bool)] = [
        (7, 70, 18, 38, 56, 68, true), (8, 46, 12, 20, 34, 44, true), (9, 40, 12, 30, 32, 38, false),
        (10, 38, 12, -1, 30, 36, true), (11, 42, 14, 32, 34, 40, false), (12, 44, 12, 30, 32, 42, true),
        (13, 46, 12, 30, 32, 44, false), (14, 46, 12, 30, 32, 44, true), (15, 52, 12, 36, 38, 50, true),
        (16, 42, 12, 30, 32, 40, true), (17, 52, 12, 30, 34, 50, true), (18, 42, 14, 32, 34, 40, true),
        (19, 42, 12, 30, 32, 40, true), (20, 46, 12, 30, 32, 44, true), (21, 54, 12, 30, 36, 52, true),
        (22, 42, 12, 30, 32, 40, true), (23, 42, 12, 30, 32, 40, true),
    ]

    /// The section with these two-bit fields set, and the permissions it gives.
    private static func permissions(
        _ section: Int, bits count: Int, _ fields: [Int: Int], control: Bool? = nil
    ) throws(ConsentError) -> Permissions {
        var bits = BitWriter()
        bits.put(1, 6)
        for at in stride(from: 6, to: count, by: 2) { bits.put(fields[at] ?? 0, 2) }
        var text = header(section) + "~" + bits.text
        if let control {
            var segment = BitWriter()
            segment.put(1, 2)
            segment.put(control ? 1 : 0, 1)
            text += "." + segment.text
        }
        return try read(text).permissions
    }

    @Test(arguments: sections)
    func eachFieldIsWhereItBelongs(
        _ id: Int, _ bits: Int, _ sale: Int, _ location: Int, _ child: Int, _ provider: Int, _ control: Bool
    ) throws {
        let yes = location >= 0 ? [location: 2] : [:]
        #expect(try Self.permissions(id, bits: bits, yes) == Permissions())
        let optedOut = try Self.permissions(id, bits: bits, [sale: 1])
        #expect(optedOut.refusal(of: .personalisation)?.kind == .optedOut)
        #expect(optedOut.refusal(of: .personalisation)?.number == UInt8(id))
        #expect(optedOut.allows(.measurement) && optedOut.allows(.frequency))
        #expect(try Self.permissions(id, bits: bits, [sale: 2]).allows(.personalisation))
        if location >= 0 {
            let no = try Self.permissions(id, bits: bits, [location: 1])
            #expect(no.refusal(of: .preciseLocation)?.kind == .optedOut && no.allows(.personalisation))
            #expect(
                try Self.permissions(id, bits: bits, [:]).refusal(of: .preciseLocation)?.kind == .notCovered)
        }
        let children = try Self.permissions(id, bits: bits, [child: 1])
        #expect(DataUse.allCases.allSatisfy { children.refusal(of: $0)?.kind == .childWithoutConsent })
        let served = try Self.permissions(id, bits: bits, [provider: 1])
        #expect(served.refusal(of: .profiling)?.kind == .serviceProviderOnly)
        if control {
            let on = try Self.permissions(id, bits: bits, yes, control: true)
            #expect(on.refusal(of: .personalisation)?.kind == .globalPrivacyControl)
            #expect(try Self.permissions(id, bits: bits, yes, control: false) == Permissions())
        } else {
            #expect(throws: ConsentError.self) {
                try Self.permissions(id, bits: bits, [:], control: true)
            }
        }
    }

    /// From section 24 on both modes are one field, and sensitive data stands in a subsection. The first string of each
    /// kind is what the IAB's library writes with every field set to 1; the others set one field each.
    static let newer: [(section: String, advertising: String?, location: String, child: Bool)] = [
        ("BVVU.YA", "optedOut", "notCovered", false), ("BQAA", nil, "notCovered", false),
        ("BQAA.QA", nil, "notCovered", false), ("BQAA.YA", "globalPrivacyControl", "notCovered", false),
        ("BUAA", nil, "notCovered", false), ("BYAA", "serviceProviderOnly", "notCovered", false),
        ("BSAA", nil, "notCovered", false), ("BQgA", "noNotice", "notCovered", false),
        ("BQIA", "noNotice", "notCovered", false), ("BQBA", "optedOut", "notCovered", false),
        ("BQAQ", "optedOut", "notCovered", false), ("BQAE", "noConsentToUse", "notCovered", false),
    ]
    static let newerWithSensitiveData:
        [(section: String, advertising: String?, location: String, child: Bool)] = [
            ("BVVV.kkk", "optedOut", "optedOut", true), ("BQAA", nil, "notCovered", false),
            ("BQAA.AAA", nil, "notCovered", false), ("BQAA.AAI", nil, "-", false),
            ("BQAA.AAE", nil, "optedOut", false), ("BYAA.AAI", "serviceProviderOnly", "-", false),
            ("BQgA.AAI", "noNotice", "-", false), ("BQIA.AAI", "noNotice", "-", false),
            ("BQBA.AAI", "optedOut", "-", false), ("BQAQ.AAI", "optedOut", "-", false),
            ("BQAB.AAI", "noConsentToUse", "-", false), ("BQAE.AAI", nil, "-", true),
        ]

    @Test(arguments: [(24, "usmd"), (25, "usin"), (26, "usky"), (27, "usri")])
    func newerStatesAreRead(_ id: Int, _ name: String) throws {
        for (section, advertising, location, child) in id == 24 ? Self.newer : Self.newerWithSensitiveData {
            let read = try Self.read(Self.header(id) + "~" + section)
            #expect(read.sectionNames == [name])
            func kind(_ use: DataUse) -> String? { read.permissions.refusal(of: use).map { "\($0.kind)" } }
            let all = child ? "childWithoutConsent" : nil
            #expect(kind(.measurement) == all && kind(.frequency) == all, "\(name) \(section)")
            #expect(kind(.profiling) == all ?? advertising, "\(name) \(section)")
            #expect(kind(.preciseLocation) ?? "-" == all ?? location, "\(name) \(section)")
        }
        // The specification's header before the fields, a version to come, values that are none, and what is another's.
        let damaged = ["YBAA", "CQAA", "BwAA", "BQAA.QA.QA", "BQAA.AAM", "BQA"]
        for section in damaged + [id == 24 ? "BQAA.AAI" : "BQAA.gA"] {
            #expect(throws: ConsentError.self, "\(name) \(section)") {
                try Self.read(Self.header(id) + "~" + section)
            }
        }
    }

    @Test func rangesOfSectionsAreRead() throws {
        // Sections 2 and 6 as two items, and 6 to 8 as one range.
        #expect(
            try Self.read("DBACNYA~CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA~1---").sections == 0b100_0100)
        var bits = BitWriter()
        for (value, count) in [(3, 6), (1, 6), (1, 12), (1, 1)] { bits.put(value, count) }
        bits.put(0b10011, 5)
        bits.put(0b011, 3)
        let text = bits.text + "~1---~BAAAAAAAAABA~BAAAAABA"
        #expect(try Self.read(text).sections == 0b1_1100_0000)
    }
}
