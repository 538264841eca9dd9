// What all signals of a request leave together: each row of a table, the reasons, and that nothing is
// allocated on the way.
import AllocationCounter
import OpenRTB
import Testing
import Units

@Suite struct PermissionsTests {
    private func permissions(
        tcf: String = "", gpp: String = "", usPrivacy: String = "", vendor: VendorID = 1,
        _ change: (inout ConsentSignals) -> Void = { _ in }
    ) -> Permissions {
        let (a, b, c) = (Array(tcf.utf8), Array(gpp.utf8), Array(usPrivacy.utf8))
        var signals = ConsentSignals(tcf: a.span.bytes, gpp: b.span.bytes, usPrivacy: c.span.bytes)
        change(&signals)
        return Permissions(signals, vendor: vendor)
    }

    /// A string with all purposes and features, for vendor 1.
    private var generous: TCString {
        var string = TCString()
        string.features = Set(1...12)
        string.consent = Set(1...24)
        string.interest = Set(1...24)
        string.vendors = [1]
        string.interestVendors = [1, 2]
        return string
    }

    @Test func withoutSignalsAllIsAllowed() {
        #expect(permissions() == Permissions())
        #expect(permissions { $0.gdprApplies = false } == Permissions())
        #expect(permissions(tcf: generous.text) { $0.gdprApplies = true } == Permissions())
    }

    @Test func whatCannotBeReadAllowsNothing() {
        let refused: [(Permissions, PermissionRefusal.Kind)] = [
            (permissions { $0.gdprApplies = true }, .noConsentString),
            (permissions(tcf: "rubbish"), .malformedTCF),
            (permissions(tcf: String(generous.text.dropLast(8))), .malformedTCF),
            (permissions(gpp: "DBABTA"), .malformedGPP),
            (permissions(gpp: "DBABTA~1Y"), .malformedGPP),
            (permissions(usPrivacy: "1YN"), .malformedUSPrivacy),
            (permissions { $0.gppSections = 1 << 7 }, .noConsentString),
            (permissions(gpp: "DBABTA~1YNN") { $0.gppSections = 1 << 7 }, .missingSection),
            (permissions(gpp: GPPTests.header(5) + "~x"), .unsupportedSection),
            (permissions { $0.isChildDirected = true }, .child),
        ]
        for (permissions, kind) in refused {
            for use in DataUse.allCases { #expect(permissions.refusal(of: use)?.kind == kind) }
        }
    }

    @Test func gdprThatDoesNotApplyLeavesTheStringAlone() {
        #expect(permissions(tcf: "rubbish") { $0.gdprApplies = false } == Permissions())
        #expect(permissions(gpp: "rubbish") { $0.gppDoesNotApply = true } == Permissions())
    }

    /// What is refused, and why, after one thing is taken from a string that allows all.
    @Test func purposesAndVendors() {
        func refusals(vendor: VendorID = 1, _ change: (inout TCString) -> Void) -> [String] {
            var string = generous
            change(&string)
            let permissions = permissions(tcf: string.text, vendor: vendor)
            return DataUse.allCases.compactMap { use in
                permissions.refusal(of: use).map { "\(use): \($0)" }
            }
        }
        #expect(
            refusals { $0.consent.remove(4) } == ["personalisation: no consent to purpose 4"])
        #expect(refusals { $0.consent.remove(3) } == ["profiling: no consent to purpose 3"])
        #expect(refusals { $0.consent.remove(7) } == [])
        #expect(
            refusals {
                $0.consent.remove(7)
                $0.interest.remove(7)
            } == [
                "personalisation: no consent to purpose 7", "measurement: no consent to purpose 7",
                "journaling: no consent to purpose 7",
            ])
        #expect(refusals { $0.consent.remove(1) }.count == 5)
        #expect(refusals { $0.features = [2] } == ["precise location: no opt-in to special feature 1"])
        #expect(
            refusals { $0.restrictions = [(2, 0, [1])] } == ["frequency: the publisher forbids purpose 2"])
        #expect(refusals { $0.restrictions = [(2, 0, [2])] } == [])
        #expect(
            refusals {
                $0.consent.remove(2)
                $0.restrictions = [(2, 1, [1])]
            } == ["frequency: no consent to purpose 2"])
        #expect(refusals { $0.restrictions = [(4, 2, [1])] }.count == 1)
        #expect(refusals { $0.disclosed = [2] }.count == 7)
        #expect(refusals { $0.allowed = [2] }.count == 7)
        #expect(
            refusals { $0.policy = 5 }.allSatisfy { $0.hasSuffix("the vendor was not disclosed to the user") }
        )
        #expect(
            refusals {
                $0.policy = 5
                $0.disclosed = [1]
            } == [])
        // Vendor 2 has legitimate interests only: they do for measuring, and for nothing that stores.
        #expect(refusals(vendor: 2) { _ in }.count == 5)
        #expect(refusals(vendor: 3) { _ in }.count == 7)
    }

    @Test func theUnitedStates() {
        let optedOut = permissions(usPrivacy: "1YYN")
        #expect(
            DataUse.allCases.filter(optedOut.allows) == [.identifiers, .frequency, .measurement])
        #expect(permissions(usPrivacy: "1NNN").refusal(of: .profiling)?.kind == .noNotice)
        #expect(permissions(usPrivacy: "1---") == Permissions())
        #expect(permissions(usPrivacy: "1YNN") == Permissions())
        // Only the sections that apply count.
        let both = "DBACNYA~CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA~1YNN"
        #expect(permissions(gpp: both).refusal(of: .measurement)?.kind == .noConsentToVendor)
        #expect(permissions(gpp: both) { $0.gppSections = 1 << 6 } == Permissions())
    }

    @Test func limitedTrackingLeavesMeasuring() {
        let limited = permissions { $0.limitsTracking = true }
        #expect(DataUse.allCases.filter(limited.allows) == [.measurement])
        #expect(limited.refusal(of: .identifiers)?.kind == .limitedTracking)
    }

    /// Another signal never gives anything back.
    @Test func signalsOnlyTakeAway() {
        var random = Randomness(seed: 53)
        let usStrings = ["", "1YNN", "1YYN", "1NNN", "x"]
        let gppStrings = ["", "DBABTA~1YYN", "DBABLA~BVQqAAAAAgA.QA", "DBAB", "DBABBg~BAAAAACA"]
        for _ in 0..<200 {
            let tcf = TCString.random(&random).text
            let us = usStrings[Int(random.next(below: 5))]
            let gpp = gppStrings[Int(random.next(below: 5))]
            let together = permissions(tcf: tcf, gpp: gpp, usPrivacy: us)
            let alone = [permissions(tcf: tcf), permissions(gpp: gpp), permissions(usPrivacy: us)]
            for use in DataUse.allCases {
                #expect(together.allows(use) == alone.allSatisfy { $0.allows(use) }, "\(tcf) \(gpp) \(us)")
            }
        }
    }

    @Test func nothingIsAllocated() {
        var string = generous
        (string.ranges, string.restrictions) = (3, [(2, 0, [2, 5, 6])])
        let generous = Array(string.text.utf8)
        let section = Array("DBABLA~BVQqAAAAAgA.QA".utf8)
        let privacy = Array("1YYN".utf8)
        let none: [UInt8] = []
        for (tcf, gpp, us) in [(generous, none, none), (none, section, none), (none, none, privacy)] {
            var counted: UInt64 = 1
            for _ in 0..<2 {
                let before = allocations_of_thread()
                var signals = ConsentSignals(
                    tcf: tcf.span.bytes, gpp: gpp.span.bytes, usPrivacy: us.span.bytes)
                signals.limitsTracking = true
                let permissions = Permissions(signals, vendor: 1)
                counted = allocations_of_thread() - before
                #expect(!permissions.allows(.identifiers))
            }
            #expect(counted == 0, "\(String(decoding: tcf + gpp + us, as: UTF8.self))")
        }
    }
}
