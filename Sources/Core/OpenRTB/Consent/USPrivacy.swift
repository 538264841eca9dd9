// What the privacy laws of US states say through their two forms: the US privacy string of four characters,
// and the sections of GPP, national and of the states.

/// What a user in the United States chose.
public struct USConsent: Hashable, Sendable {
    /// Why profiles of the user may not be used or built: an opt-out, or a notice that was not given.
    public private(set) var advertisingRefusal: PermissionRefusal?
    public private(set) var preciseLocationRefusal: PermissionRefusal?
    /// A child, without the consent that its data needs.
    public private(set) var childRefusal: PermissionRefusal?

    init() {}

    private mutating func refuseAdvertising(_ kind: PermissionRefusal.Kind, _ section: UInt8) {
        if advertisingRefusal == nil { advertisingRefusal = PermissionRefusal(kind, section) }
    }

    /// The id of the US privacy string as a section of GPP.
    static let privacyStringSection: UInt8 = 6

    /// A US privacy string, such as 1YNN: version, notice given, opted out of sale, limited service provider.
    public init(privacyString string: RawSpan) throws(ConsentError) {
        try self.init(privacyString: string, in: 0..<string.byteCount)
    }

    init(privacyString string: RawSpan, in range: Range<Int>) throws(ConsentError) {
        self.init()
        let start = range.lowerBound
        guard !range.isEmpty else { throw ConsentError(.empty, at: start) }
        guard string[byte: start] == UInt8(ascii: "1") else {
            throw ConsentError(.unsupportedVersion, at: start)
        }
        for at in range.dropFirst().prefix(3) {
            switch string[byte: at] {
            case UInt8(ascii: "Y"), UInt8(ascii: "N"), UInt8(ascii: "-"): break
            default: throw ConsentError(.invalidCharacter, at: at)
            }
        }
        guard range.count >= 4 else { throw ConsentError(.truncated, at: range.upperBound) }
        guard range.count == 4 else { throw ConsentError(.trailingBits, at: start + 4) }
        if string[byte: start + 2] == UInt8(ascii: "Y") {
            refuseAdvertising(.optedOut, Self.privacyStringSection)
        } else if string[byte: start + 1] == UInt8(ascii: "N") {
            refuseAdvertising(.noNotice, Self.privacyStringSection)
        }
        // The string has no word on location, so the opt-out covers it.
        preciseLocationRefusal = advertisingRefusal
    }
}

// Sections of GPP.
extension USConsent {
    /// The ids of the sections that are read here: the national one, and those of the states.
    static let sections: ClosedRange<UInt8> = 7...27

    /// A section's fields after its version, two bits each, in their order: notices of sale (s), sharing (h),
    /// targeted advertising (t), sensitive data (e) and others (n); opt-outs of sale (S), sharing (H) and
    /// targeted advertising (T); sensitive data that is location (g) or not (x); known children (k); consent
    /// to further use (p); the multi-state agreement's coverage (m), opt-out mode (o) and service provider
    /// mode (v), or both modes as one field (M).
    ///
    /// From Maryland (24) on the specification has a header with the section's id before the fields. The IAB's own library
    /// writes none, and what starts otherwise than its strings is no consent.
    private static func layout(section: UInt8) -> StaticString? {
        switch section {
        case 7: "nshteeSHTxxxxxxxgxxxxxxxxkkkpmov"
        case 8: "sheSHxxgxxxxxxkkpmov"
        case 9: "nstSTxxxxxxxgkmov"
        case 10: "nstSTxxxxxxxkmov"
        case 11: "nsteSTxxxxxxxgkmov"
        case 12: "nstSTxxxxxxxgkkkmov"
        case 13, 14: "nstSTxxxxxxxgkkkpmov"
        case 15: "nstSTxxxxxxxxxxgkkkpmov"
        case 16: "nstSTxxxxxxxgkpmov"
        case 17: "nstSTxxxxxxxgxkkkkkpmov"
        case 18: "nsteSTxxxxxxxgkmov"
        case 19: "nstSTxxxxxxxgkpmov"
        case 20: "nstSTxxxxxxxgkkkpmov"
        case 21: "nstSTxxxxxxxgxxkkkkkpmov"
        case 22, 23: "nstSTxxxxxxxgkpmov"
        case 24: "mMnstSTp"
        case 25, 26, 27: "mMnstSTkp"
        default: nil
        }
    }

    /// Kinds of sensitive data in a subsection of their own.
    private static let sensitiveData: StaticString = "xxxxxxxg"

    private static func mayHaveSensitiveData(_ section: UInt8) -> Bool { (25...27).contains(section) }

    /// Whether the law wants an answer on location, and the section's fields need not have one. Maryland lets nobody sell
    /// it.
    private static func needsLocation(_ section: UInt8) -> Bool { section >= 24 }

    /// The national section before four more kinds of sensitive data and of children were added to it, under
    /// the same version. Only its length tells.
    private static let oldNational: StaticString = "nshteeSHTxxxxxxxgxxxxkkpmov"
    private static let oldNationalCharacters = 11

    /// Whether the section has a subsection for the browser's global privacy control.
    private static func mayHaveControl(_ section: UInt8) -> Bool {
        section != 9 && section != 11 && section != 13 && !mayHaveSensitiveData(section)
    }

    init(section: UInt8, _ string: RawSpan, in range: Range<Int>) throws(ConsentError) {
        self.init()
        if Self.needsLocation(section) { preciseLocationRefusal = PermissionRefusal(.notCovered, section) }
        guard var layout = Self.layout(section: section) else {
            throw ConsentError(.unsupportedSection, at: range.lowerBound)
        }
        var segments = ConsentSegments(string, range, separator: UInt8(ascii: "."))
        guard let core = segments.next() else { throw ConsentError(.truncated, at: range.lowerBound) }
        if section == 7 && core.count <= Self.oldNationalCharacters { layout = Self.oldNational }
        var bits = try ConsentBits(string, core)
        let start = bits.error(.unsupportedVersion)
        guard try bits.read(6) == 1 else { throw start }
        try take(layout, &bits, section)
        if let second = segments.next() {
            if Self.mayHaveSensitiveData(section) {
                var bits = try ConsentBits(string, second)
                try take(Self.sensitiveData, &bits, section)
            } else {
                try readControl(string, second, section)
            }
        }
        if let more = segments.next() { throw ConsentError(.repeatedSegment, at: more.lowerBound) }
    }

    private mutating func take(
        _ layout: StaticString, _ bits: inout ConsentBits, _ section: UInt8
    ) throws(ConsentError) {
        for index in 0..<layout.utf8CodeUnitCount {
            let here = bits.error(.invalidValue)
            let value = try bits.read(2)
            guard value < 3 else { throw here }
            take(unsafe layout.utf8Start[index], value, section)
        }
        try bits.finish()
    }

    private mutating func take(_ field: UInt8, _ value: UInt32, _ section: UInt8) {
        switch field {
        // 1 is that the user opted out, for a notice 2 that there was none.
        case UInt8(ascii: "S"), UInt8(ascii: "H"), UInt8(ascii: "T"):
            if value == 1 { refuseAdvertising(.optedOut, section) }
        case UInt8(ascii: "s"), UInt8(ascii: "h"), UInt8(ascii: "t"):
            if value == 2 { refuseAdvertising(.noNotice, section) }
        case UInt8(ascii: "p"): if value == 1 { refuseAdvertising(.noConsentToUse, section) }
        case UInt8(ascii: "v"): if value == 1 { refuseAdvertising(.serviceProviderOnly, section) }
        case UInt8(ascii: "M"): if value == 2 { refuseAdvertising(.serviceProviderOnly, section) }
        case UInt8(ascii: "k"):
            if value == 1 && childRefusal == nil {
                childRefusal = PermissionRefusal(.childWithoutConsent, section)
            }
        // Location needs an answer: "not applicable" is that of somebody who does not use it.
        case UInt8(ascii: "g"):
            preciseLocationRefusal =
                value == 2 ? nil : PermissionRefusal(value == 1 ? .optedOut : .notCovered, section)
        default: break
        }
    }

    private mutating func readControl(
        _ string: RawSpan, _ range: Range<Int>, _ section: UInt8
    ) throws(ConsentError) {
        guard Self.mayHaveControl(section) else { throw ConsentError(.unknownSegment, at: range.lowerBound) }
        var bits = try ConsentBits(string, range)
        guard try bits.read(2) == 1 else { throw ConsentError(.unknownSegment, at: range.lowerBound) }
        if try bits.readFlag() { refuseAdvertising(.globalPrivacyControl, section) }
        try bits.finish()
    }
}
