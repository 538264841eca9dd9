// The Global Privacy Platform's string: a header that lists sections, and the sections. Each is read by whoever
// knows it; this file finds them.

/// A header that was read: which sections the string has, in their order.
struct GPPHeader {
    /// More ids than were ever given out; the header's own notation could name thousands.
    static let highestSection: UInt32 = 63

    /// Bit i for section i.
    var sections: UInt64 = 0

    init(_ string: RawSpan, _ range: Range<Int>) throws(ConsentError) {
        var bits = try ConsentBits(string, range)
        let start = bits.error(.wrongType)
        guard try bits.read(6) == 3 else { throw start }
        let version = bits.error(.unsupportedVersion)
        guard try bits.read(6) == 1 else { throw version }
        // Ids grow, so each is written as its distance from the one before.
        var last: UInt32 = 0
        for _ in 0..<(try bits.read(12)) {
            let here = bits.error(.invalidNumber)
            let isRange = try bits.readFlag()
            let first = last + (try bits.readFibonacci())
            last = isRange ? first + (try bits.readFibonacci()) : first
            guard last <= Self.highestSection else { throw here }
            for section in first...last { sections |= 1 << UInt64(section) }
        }
        try bits.finish()
    }
}

/// Goes through the sections of a GPP string.
struct GPPSections: ~Escapable {
    private let string: RawSpan
    private var pieces: ConsentSegments
    /// The ids whose sections are still to come.
    private var left: UInt64

    @_lifetime(copy string)
    init(_ string: RawSpan) throws(ConsentError) {
        guard string.byteCount > 0 else { throw ConsentError(.empty, at: 0) }
        guard string.byteCount <= ConsentBits.longestString else {
            throw ConsentError(.tooLong, at: ConsentBits.longestString)
        }
        self.string = string
        pieces = ConsentSegments(string, 0..<string.byteCount, separator: UInt8(ascii: "~"))
        let header = pieces.next() ?? 0..<0
        left = try GPPHeader(string, header).sections
    }

    /// Bit i for each section i that is still to come.
    var ids: UInt64 { left }

    @_lifetime(self: copy self)
    mutating func next() throws(ConsentError) -> (id: UInt8, range: Range<Int>)? {
        let piece = pieces.next()
        guard left != 0 else {
            if let piece { throw ConsentError(.sectionsDiffer, at: piece.lowerBound) }
            return nil
        }
        guard let piece else { throw ConsentError(.sectionsDiffer, at: string.byteCount) }
        let id = UInt8(left.trailingZeroBitCount)
        left &= left - 1
        return (id, piece)
    }

    /// How the sections are called.
    static func name(_ id: UInt8) -> StaticString {
        switch id {
        case 1: "tcfeuv1"
        case 2: "tcfeuv2"
        case 3: "gpp"
        case 4: "gppsi"
        case 5: "tcfcav1"
        case 6: "uspv1"
        case 7: "usnat"
        case 8: "usca"
        case 9: "usva"
        case 10: "usco"
        case 11: "usut"
        case 12: "usct"
        case 13: "usfl"
        case 14: "usmt"
        case 15: "usor"
        case 16: "ustx"
        case 17: "usde"
        case 18: "usia"
        case 19: "usne"
        case 20: "usnh"
        case 21: "usnj"
        case 22: "ustn"
        case 23: "usmn"
        case 24: "usmd"
        case 25: "usin"
        case 26: "usky"
        case 27: "usri"
        default: "unknown"
        }
    }
}
