// What may be done for one request, from all its signals together: every signal can only take away, and each
// thing that is taken away keeps the first reason. docs/decisions/0013 says why the rules are these.

/// What a decision does with a user's data, each of which has to be allowed.
public enum DataUse: UInt8, Hashable, Sendable, CaseIterable {
    /// Reading and storing identifiers of the device or the user.
    case identifiers
    /// Counting how often a user saw something.
    case frequency
    /// Choosing by what is known of the user.
    case personalisation
    /// Adding to what is known of the user.
    case profiling
    /// A location finer than a city.
    case preciseLocation
    /// Telling whether an ad worked, by user.
    case measurement
    /// Writing the user's data to the journal.
    case journaling

    /// Every use as a bit, `1 << rawValue`. (`allCases` would make an array for each request.)
    static let all: UInt8 = 0b111_1111
    /// Those that make the user known beyond this one answer.
    static let makingKnown = bit(.personalisation) | bit(.profiling) | bit(.journaling)

    static func bit(_ use: DataUse) -> UInt8 { 1 << use.rawValue }
}

/// Why something is not allowed, and the number of the purpose, feature or section that says so.
public struct PermissionRefusal: Hashable, Sendable {
    public var kind: Kind
    public var number: UInt8

    init(_ kind: Kind, _ number: UInt8 = 0) {
        self.kind = kind
        self.number = number
    }

    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case child = 1, limitedTracking
        case noConsentString, malformedTCF, malformedGPP, malformedUSPrivacy
        case noConsentToVendor, noConsentToPurpose, publisherForbids, noOptInToFeature
        case vendorNotDisclosed, vendorNotAllowed
        case missingSection, unsupportedSection
        case optedOut, noNotice, noConsentToUse, serviceProviderOnly, globalPrivacyControl
        case childWithoutConsent, notCovered
    }
}

/// The signals of one request. An empty span is a string that was not given.
public struct ConsentSignals: ~Escapable {
    public var isChildDirected = false
    public var limitsTracking = false
    /// Nil where the request does not say. Then a TC string counts if there is one.
    public var gdprApplies: Bool?
    public let tcf: RawSpan
    public let gpp: RawSpan
    public let usPrivacy: RawSpan
    /// Bit i for each section i of GPP that applies; 0 where the request does not say, and all that are there
    /// apply.
    public var gppSections: UInt64 = 0
    /// Whether the request says that no section of GPP applies.
    public var gppDoesNotApply = false

    @_lifetime(copy tcf, copy gpp, copy usPrivacy)
    public init(tcf: RawSpan, gpp: RawSpan, usPrivacy: RawSpan) {
        self.tcf = tcf
        self.gpp = gpp
        self.usPrivacy = usPrivacy
    }
}

/// What is allowed. Sixteen bytes, without references.
public struct Permissions: Hashable, Sendable {
    /// Two bytes for each use, the first four in `low`: 0 where it is allowed, or the kind of its refusal and
    /// its number.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// Everything.
    public init() {}

    /// All of it as two numbers, as a journal keeps it.
    public var words: (UInt64, UInt64) { (low, high) }

    public init(words: (UInt64, UInt64)) { (low, high) = words }

    /// What the signals of a request leave to this vendor.
    public init(_ signals: borrowing ConsentSignals, vendor: VendorID) {
        if signals.isChildDirected { refuseAll(PermissionRefusal(.child)) }
        apply(tcf: signals.tcf, gdprApplies: signals.gdprApplies, vendor)
        if !signals.gppDoesNotApply { apply(gpp: signals.gpp, sections: signals.gppSections, vendor) }
        if !signals.usPrivacy.isEmpty { apply(usPrivacy: signals.usPrivacy) }
        if signals.limitsTracking {
            refuse(each: DataUse.all & ~DataUse.bit(.measurement), PermissionRefusal(.limitedTracking))
        }
    }

    public func allows(_ use: DataUse) -> Bool { word(use.rawValue) == 0 }

    /// Why this is not allowed, or nil where it is.
    public func refusal(of use: DataUse) -> PermissionRefusal? {
        let word = word(use.rawValue)
        guard let kind = PermissionRefusal.Kind(rawValue: UInt8(word >> 8)) else { return nil }
        return PermissionRefusal(kind, UInt8(truncatingIfNeeded: word))
    }

    private func word(_ use: UInt8) -> UInt16 {
        UInt16(truncatingIfNeeded: (use < 4 ? low : high) >> (UInt64(use & 3) * 16))
    }

    mutating func refuse(_ use: DataUse, _ refusal: PermissionRefusal) {
        refuse(each: DataUse.bit(use), refusal)
    }

    mutating func refuseAll(_ refusal: PermissionRefusal) { refuse(each: DataUse.all, refusal) }

    /// Refuses the uses with these bits, unless something else did so before. Nobody is decided for by what the decision's
    /// own record may not say.
    private mutating func refuse(each uses: UInt8, _ refusal: PermissionRefusal) {
        let isForgotten = uses & DataUse.bit(.journaling) != 0
        let uses = isForgotten ? uses | DataUse.bit(.personalisation) : uses
        let new = UInt64(refusal.kind.rawValue) << 8 | UInt64(refusal.number)
        var use: UInt8 = 0
        while use < 7 {
            if uses >> use & 1 == 1 && word(use) == 0 {
                let shifted = new << (UInt64(use & 3) * 16)
                if use < 4 { low |= shifted } else { high |= shifted }
            }
            use += 1
        }
    }
}

// Europe.
extension Permissions {
    private mutating func apply(tcf string: RawSpan, gdprApplies: Bool?, _ vendor: VendorID) {
        if gdprApplies == false { return }
        guard !string.isEmpty else {
            if gdprApplies == true { refuseAll(PermissionRefusal(.noConsentString)) }
            return
        }
        do throws(ConsentError) {
            apply(try TCFConsent(string, vendor: vendor))
        } catch {
            refuseAll(PermissionRefusal(.malformedTCF))
        }
    }

    /// The purposes of the framework that each use is one of. Storing on a device (1) and profiles (3, 4) need
    /// consent; basic ads with their caps (2), measuring (7) and improving the service (10) can be interests.
    mutating func apply(_ consent: TCFConsent) {
        let storage = consent.refusal(purpose: 1, byInterest: false)
        let basic = consent.refusal(purpose: 2, byInterest: true)
        let measuring = consent.refusal(purpose: 7, byInterest: true)
        let improving = consent.refusal(purpose: 10, byInterest: true)
        take(.identifiers, storage)
        take(.frequency, storage ?? basic)
        take(.personalisation, storage ?? consent.refusal(purpose: 4, byInterest: false))
        take(.profiling, storage ?? consent.refusal(purpose: 3, byInterest: false))
        take(.preciseLocation, consent.preciseLocationRefusal)
        take(.measurement, measuring)
        take(.journaling, storage ?? measuring ?? improving)
    }

    private mutating func take(_ use: DataUse, _ refusal: PermissionRefusal?) {
        if let refusal { refuse(use, refusal) }
    }
}

// The United States, and the platform that carries all of them.
extension Permissions {
    private mutating func apply(usPrivacy string: RawSpan) {
        do throws(ConsentError) {
            apply(try USConsent(privacyString: string))
        } catch {
            refuseAll(PermissionRefusal(.malformedUSPrivacy))
        }
    }

    /// An opt-out takes away what makes the user known to others; counting and measuring remain.
    mutating func apply(_ consent: USConsent) {
        if let child = consent.childRefusal { refuseAll(child) }
        if let refusal = consent.advertisingRefusal { refuse(each: DataUse.makingKnown, refusal) }
        take(.preciseLocation, consent.preciseLocationRefusal)
    }

    private mutating func apply(gpp string: RawSpan, sections: UInt64, _ vendor: VendorID) {
        guard !string.isEmpty else {
            if sections != 0 { refuseAll(PermissionRefusal(.noConsentString)) }
            return
        }
        do throws(ConsentError) {
            try apply(gpp: string, only: sections, vendor)
        } catch {
            refuseAll(PermissionRefusal(.malformedGPP))
        }
    }

    /// Applies the sections that the request names, or all of them.
    mutating func apply(gpp string: RawSpan, only: UInt64, _ vendor: VendorID) throws(ConsentError) {
        var sections = try GPPSections(string)
        let missing = only & ~sections.ids
        if missing != 0 {
            refuseAll(PermissionRefusal(.missingSection, UInt8(missing.trailingZeroBitCount)))
        }
        while let section = try sections.next() {
            let (id, range) = (section.id, section.range)
            // Sections 3 and 4 are about the string itself.
            guard id != 3, id != 4, only == 0 || only >> UInt64(id) & 1 == 1 else { continue }
            switch id {
            case 2: apply(try TCFConsent(string, in: range, vendor: vendor))
            case USConsent.privacyStringSection: apply(try USConsent(privacyString: string, in: range))
            case USConsent.sections: apply(try USConsent(section: id, string, in: range))
            default: refuseAll(PermissionRefusal(.unsupportedSection, id))
            }
        }
    }
}
