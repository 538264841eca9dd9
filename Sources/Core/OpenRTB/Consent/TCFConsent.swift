// The Transparency and Consent Framework's string, version 2: what it says about one vendor, which is us.

/// A vendor of the Global Vendor List, from 1.
public typealias VendorID = UInt16

/// What a TC string says about one vendor and the purposes. Bit `n − 1` of a mask is purpose or feature `n`.
public struct TCFConsent: Hashable, Sendable {
    public private(set) var policyVersion: UInt8 = 0
    public private(set) var vendorListVersion: UInt16 = 0
    public private(set) var cmp: UInt16 = 0
    /// In tenths of a second since 1970.
    public private(set) var lastUpdatedDeciseconds: UInt64 = 0
    public private(set) var isServiceSpecific = false
    public private(set) var specialFeatures: UInt16 = 0
    public private(set) var purposesConsent: UInt32 = 0
    public private(set) var purposesLegitimateInterest: UInt32 = 0
    public private(set) var vendorHasConsent = false
    public private(set) var vendorHasLegitimateInterest = false
    /// Purposes that the publisher forbids the vendor, or allows on one legal basis only.
    public private(set) var forbiddenPurposes: UInt32 = 0
    public private(set) var consentOnlyPurposes: UInt32 = 0
    public private(set) var interestOnlyPurposes: UInt32 = 0
    /// Nil where the string has no such segment.
    public private(set) var vendorIsDisclosed: Bool?
    public private(set) var vendorIsAllowed: Bool?

    /// From this version of the policy on, a string must say which vendors were disclosed.
    static let policyWithDisclosure: UInt8 = 5
    /// From this one on, profiles and their use need consent: purposes 3 to 6.
    static let policyWithoutInterestInProfiles: UInt8 = 4
    private static let profilePurposes: UInt32 = 0b11_1100

    public init(_ string: RawSpan, vendor: VendorID) throws(ConsentError) {
        try self.init(string, in: 0..<string.byteCount, vendor: vendor)
    }

    /// The string at this place of a longer one; offsets of errors are those of the longer one.
    init(_ string: RawSpan, in range: Range<Int>, vendor: VendorID) throws(ConsentError) {
        guard !range.isEmpty else { throw ConsentError(.empty, at: range.lowerBound) }
        guard range.count <= ConsentBits.longestString else {
            throw ConsentError(.tooLong, at: range.lowerBound + ConsentBits.longestString)
        }
        var segments = ConsentSegments(string, range, separator: UInt8(ascii: "."))
        var seen: UInt8 = 0
        while let segment = segments.next() {
            var bits = try ConsentBits(string, segment)
            if segment.lowerBound == range.lowerBound {
                try readCore(&bits, vendor)
            } else {
                let type = try bits.read(3)
                let bit: UInt8 = 1 << UInt8(type)
                guard seen & bit == 0 else { throw ConsentError(.repeatedSegment, at: segment.lowerBound) }
                seen |= bit
                switch type {
                case 1: vendorIsDisclosed = try Self.readVendors(&bits, vendor)
                case 2: vendorIsAllowed = try Self.readVendors(&bits, vendor)
                case 3:
                    try bits.skip(48)
                    let custom = Int(try bits.read(6))
                    try bits.skip(custom * 2)
                default: throw ConsentError(.unknownSegment, at: segment.lowerBound)
                }
            }
            try bits.finish()
        }
    }

    @_lifetime(bits: copy bits)
    private mutating func readCore(_ bits: inout ConsentBits, _ vendor: VendorID) throws(ConsentError) {
        let start = bits.error(.unsupportedVersion)
        guard try bits.read(6) == 2 else { throw start }
        try bits.skip(36)
        lastUpdatedDeciseconds = UInt64(try bits.read(18)) << 18
        lastUpdatedDeciseconds |= UInt64(try bits.read(18))
        cmp = UInt16(try bits.read(12))
        try bits.skip(12 + 6)
        // The language, two letters from A.
        try Self.readLetters(&bits)
        vendorListVersion = UInt16(try bits.read(12))
        policyVersion = UInt8(try bits.read(6))
        isServiceSpecific = try bits.readFlag()
        try bits.skip(1)
        specialFeatures = UInt16(Self.mirrored(try bits.read(12), 12))
        purposesConsent = Self.mirrored(try bits.read(24), 24)
        purposesLegitimateInterest = Self.mirrored(try bits.read(24), 24)
        // Whether purpose 1 was disclosed at all. Where it was not, there is no consent to it either.
        try bits.skip(1)
        try Self.readLetters(&bits)
        vendorHasConsent = try Self.readVendors(&bits, vendor)
        vendorHasLegitimateInterest = try Self.readVendors(&bits, vendor)
        try readRestrictions(&bits, vendor)
    }

    @_lifetime(bits: copy bits)
    private static func readLetters(_ bits: inout ConsentBits) throws(ConsentError) {
        for _ in 0..<2 {
            let here = bits.error(.invalidValue)
            guard try bits.read(6) < 26 else { throw here }
        }
    }

    /// The first bit of a field is number 1, and the lowest bit of a mask.
    private static func mirrored(_ field: UInt32, _ count: Int) -> UInt32 {
        var mask: UInt32 = 0
        for bit in 0..<count where field >> UInt32(count - 1 - bit) & 1 == 1 { mask |= 1 << UInt32(bit) }
        return mask
    }

    /// Whether the vendor is in a set of vendors: as many bits as the highest vendor, or ranges.
    @_lifetime(bits: copy bits)
    private static func readVendors(
        _ bits: inout ConsentBits, _ vendor: VendorID
    ) throws(ConsentError) -> Bool {
        let highest = try bits.read(16)
        guard try bits.readFlag() else {
            let isIn = vendor > 0 && vendor <= highest && bits.peek(Int(vendor) - 1)
            try bits.skip(Int(highest))
            return isIn
        }
        return try readRanges(&bits, vendor, highest: highest)
    }

    @_lifetime(bits: copy bits)
    private static func readRanges(
        _ bits: inout ConsentBits, _ vendor: VendorID, highest: UInt32
    ) throws(ConsentError) -> Bool {
        var isIn = false
        for _ in 0..<(try bits.read(12)) {
            let here = bits.error(.invalidRange)
            let isRange = try bits.readFlag()
            let first = try bits.read(16)
            let last = isRange ? try bits.read(16) : first
            guard first > 0, first <= last, last <= highest else { throw here }
            if first <= vendor && vendor <= last { isIn = true }
        }
        return isIn
    }

    @_lifetime(bits: copy bits)
    private mutating func readRestrictions(
        _ bits: inout ConsentBits, _ vendor: VendorID
    ) throws(ConsentError) {
        for _ in 0..<(try bits.read(12)) {
            let here = bits.error(.invalidValue)
            let purpose = try bits.read(6)
            let type = try bits.read(2)
            guard (1...24).contains(purpose), type < 3 else { throw here }
            guard try Self.readRanges(&bits, vendor, highest: UInt32(UInt16.max)) else { continue }
            let bit: UInt32 = 1 << (purpose - 1)
            switch type {
            case 0: forbiddenPurposes |= bit
            case 1: consentOnlyPurposes |= bit
            default: interestOnlyPurposes |= bit
            }
        }
    }
}

// What follows from it.
extension TCFConsent {
    /// Why the vendor may not act for this purpose, or nil. `byInterest` tells whether legitimate interest
    /// would do; consent always does.
    public func refusal(purpose: UInt8, byInterest: Bool) -> PermissionRefusal? {
        if let refusal = vendorRefusal { return refusal }
        let bit: UInt32 = 1 << UInt32(purpose - 1)
        if forbiddenPurposes & bit != 0 { return PermissionRefusal(.publisherForbids, purpose) }
        if purposesConsent & bit != 0 && vendorHasConsent && interestOnlyPurposes & bit == 0 { return nil }
        let isProfile =
            policyVersion >= Self.policyWithoutInterestInProfiles && Self.profilePurposes & bit != 0
        if byInterest && !isProfile && purposesLegitimateInterest & bit != 0
            && vendorHasLegitimateInterest && consentOnlyPurposes & bit == 0
        {
            return nil
        }
        let knowsVendor = vendorHasConsent || byInterest && vendorHasLegitimateInterest
        return PermissionRefusal(knowsVendor ? .noConsentToPurpose : .noConsentToVendor, purpose)
    }

    /// Why precise location may not be used, or nil: special feature 1, to which the user opts in.
    public var preciseLocationRefusal: PermissionRefusal? {
        if let refusal = vendorRefusal { return refusal }
        if !vendorHasConsent && !vendorHasLegitimateInterest { return PermissionRefusal(.noConsentToVendor) }
        return specialFeatures & 1 == 0 ? PermissionRefusal(.noOptInToFeature, 1) : nil
    }

    private var vendorRefusal: PermissionRefusal? {
        if vendorIsDisclosed == false { return PermissionRefusal(.vendorNotDisclosed) }
        if vendorIsDisclosed == nil && policyVersion >= Self.policyWithDisclosure {
            return PermissionRefusal(.vendorNotDisclosed)
        }
        return vendorIsAllowed == false ? PermissionRefusal(.vendorNotAllowed) : nil
    }
}

/// The pieces of a string between separators. Empty ones count, for they are mistakes.
struct ConsentSegments: ~Escapable {
    private let bytes: RawSpan
    private var start: Int
    private let end: Int
    private let separator: UInt8

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, _ range: Range<Int>, separator: UInt8) {
        self.bytes = bytes
        start = range.lowerBound
        end = range.upperBound
        self.separator = separator
    }

    @_lifetime(self: copy self)
    mutating func next() -> Range<Int>? {
        guard start <= end else { return nil }
        var at = start
        while at < end && bytes[byte: at] != separator { at += 1 }
        defer { start = at + 1 }
        return start..<at
    }
}
