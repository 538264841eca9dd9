// One consent string of whichever form, for people: recognised by its look, with what it allows and why not.

/// A string that was read.
public struct ConsentString: Hashable, Sendable {
    public var form: Form
    public var permissions = Permissions()
    /// Bit i for each section i of a GPP string.
    public var sections: UInt64 = 0
    /// What a TC string says beside its permissions.
    public var tcf: TCFConsent?

    public enum Form: String, Hashable, Sendable, CaseIterable {
        case tcf = "TCF 2", gpp = "GPP 1", usPrivacy = "US privacy 1"
    }

    /// Unlike a request's strings, one that cannot be read is an error here.
    public init(_ string: RawSpan, vendor: VendorID) throws(ConsentError) {
        guard !string.isEmpty else { throw ConsentError(.empty, at: 0) }
        // GPP's header is of type 3, in six bits a D; the first six bits of a TC string are its version, 2; the
        // US privacy string starts with its version as a digit.
        switch string[byte: 0] {
        case UInt8(ascii: "D"):
            form = .gpp
            sections = try GPPSections(string).ids
            try permissions.apply(gpp: string, only: 0, vendor)
        case UInt8(ascii: "A")...UInt8(ascii: "C"):
            form = .tcf
            let consent = try TCFConsent(string, vendor: vendor)
            permissions.apply(consent)
            tcf = consent
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            form = .usPrivacy
            permissions.apply(try USConsent(privacyString: string))
        default: throw ConsentError(.unknownForm, at: 0)
        }
    }

    public var sectionNames: [String] {
        (UInt8(0)..<64).filter { sections >> UInt64($0) & 1 == 1 }.map { "\(GPPSections.name($0))" }
    }
}

extension DataUse: CustomStringConvertible {
    public var description: String {
        switch self {
        case .identifiers: "identifiers"
        case .frequency: "frequency"
        case .personalisation: "personalisation"
        case .profiling: "profiling"
        case .preciseLocation: "precise location"
        case .measurement: "measurement"
        case .journaling: "journaling"
        }
    }
}

extension PermissionRefusal: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .child: "the request is for children"
        case .limitedTracking: "the device limits tracking"
        case .noConsentString: "consent is needed, and there is no string"
        case .malformedTCF: "the TC string cannot be read"
        case .malformedGPP: "the GPP string cannot be read"
        case .malformedUSPrivacy: "the US privacy string cannot be read"
        case .noConsentToVendor: "the vendor has no consent"
        case .noConsentToPurpose: "no consent to purpose \(number)"
        case .publisherForbids: "the publisher forbids purpose \(number)"
        case .noOptInToFeature: "no opt-in to special feature \(number)"
        case .vendorNotDisclosed: "the vendor was not disclosed to the user"
        case .vendorNotAllowed: "the publisher does not allow the vendor"
        case .missingSection: "\(GPPSections.name(number)) applies and is not in the string"
        case .unsupportedSection: "section \(number) (\(GPPSections.name(number))) is not read here"
        case .optedOut: "opted out (\(GPPSections.name(number)))"
        case .noNotice: "no notice was given (\(GPPSections.name(number)))"
        case .noConsentToUse: "no consent to this use (\(GPPSections.name(number)))"
        case .serviceProviderOnly: "in service provider mode only (\(GPPSections.name(number)))"
        case .globalPrivacyControl: "the browser's global privacy control (\(GPPSections.name(number)))"
        case .childWithoutConsent: "a child without consent (\(GPPSections.name(number)))"
        case .notCovered: "not covered by the user's choices (\(GPPSections.name(number)))"
        }
    }
}
