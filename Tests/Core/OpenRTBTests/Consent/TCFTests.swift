// TC strings: what they say is read as it was written, as a library that is not ours reads it, and damage is
// refused.
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct TCFTests {
    static func read(_ text: String, vendor: VendorID = 1) throws(ConsentError) -> TCFConsent {
        let bytes = Array(text.utf8)
        return try TCFConsent(bytes.span.bytes, vendor: vendor)
    }

    private static func mask(_ set: Set<Int>) -> UInt32 { set.reduce(0) { $0 | 1 << UInt32($1 - 1) } }

    @Test func whatWasWrittenIsRead() throws {
        var random = Randomness(seed: 51)
        for round in 0..<400 {
            let string = TCString.random(&random)
            let vendor = random.next(in: 1...45)
            let read = try Self.read(string.text, vendor: VendorID(vendor))
            let why: Comment = "seed 51, round \(round), vendor \(vendor): \(string.text)"
            #expect(read.purposesConsent == Self.mask(string.consent), why)
            #expect(read.purposesLegitimateInterest == Self.mask(string.interest), why)
            #expect(UInt32(read.specialFeatures) == Self.mask(string.features), why)
            #expect(read.vendorHasConsent == string.vendors.contains(vendor), why)
            #expect(read.vendorHasLegitimateInterest == string.interestVendors.contains(vendor), why)
            #expect(read.vendorIsDisclosed == string.disclosed?.contains(vendor), why)
            #expect(read.vendorIsAllowed == string.allowed?.contains(vendor), why)
            #expect((read.cmp, read.vendorListVersion, read.isServiceSpecific) == (31, 126, true))
            #expect(read.lastUpdatedDeciseconds == 0x3_BD1E_3FFF)
            for (type, found) in [
                read.forbiddenPurposes, read.consentOnlyPurposes, read.interestOnlyPurposes,
            ].enumerated() {
                let expected = string.restrictions.filter { $0.type == type && $0.vendors.contains(vendor) }
                #expect(found == Self.mask(Set(expected.map(\.purpose))), why)
            }
        }
    }

    @Test(arguments: [
        ("", ConsentError.Reason.empty, 0),
        ("C", .truncated, 1),
        ("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", .unsupportedVersion, 0),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAA", .truncated, 43),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.QAAA.QAAA", .repeatedSegment, 50),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.gAAA", .unknownSegment, 45),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.", .truncated, 45),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAB", .trailingBits, 43),
        ("CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAA=", .invalidCharacter, 43),
        ("CPSG_8APSG_8ANwAAA8NAwCAAAAAAAAAAAAAAAAAAAAA", .invalidValue, 18),
    ])
    func refuses(_ text: String, _ reason: ConsentError.Reason, _ offset: Int) {
        #expect(throws: ConsentError.self) { try Self.read(text) }
        do { _ = try Self.read(text) } catch {
            #expect((error.reason, error.offset) == (reason, offset), "\(text)")
        }
    }

    @Test func rangesMustBeInOrder() {
        var string = TCString()
        string.vendors = [5, 6, 7]
        string.ranges = 1
        let good = string.text
        #expect(throws: Never.self) { try Self.read(good) }
        // The highest vendor is 7; the range 5 to 7 is made 5 to 15 by a bit in its last number.
        var writer = good
        var found = 0
        for index in good.indices {
            writer = good
            writer.replaceSubrange(index...index, with: "_")
            do { _ = try Self.read(writer) } catch { found += error.reason == .invalidRange ? 1 : 0 }
        }
        #expect(found > 0)
    }

    /// The library iab-tcf, by people whom we do not know, from PyPI.
    @Test(.enabled(if: Python.has("iab_tcf"), "needs python3 with iab-tcf from PyPI"))
    func aLibraryReadsTheSame() throws {
        let seed: UInt64 = 52
        var random = Randomness(seed: seed)
        let cases = (0..<300).map { _ in
            (string: TCString.random(&random).text, vendor: random.next(in: 1...45))
        }
        let program = """
            import sys
            from iab_tcf import decode_v2
            for line in sys.stdin:
                text, vendor = line.split()
                v = int(vendor)
                c = decode_v2(text)
                mask = lambda d: sum(1 << (i - 1) for i, on in d.items() if on)
                held = [0, 0, 0]
                for e in c.pub_restriction_entries:
                    if any(a <= v <= b for a, b in e.restrictions_range):
                        held[int(e.restriction_type)] |= 1 << (e.purpose_id - 1)
                print(mask(c.purposes_consent), mask(c.purposes_legitimate_interests),
                    mask(c.special_features_optin), int(c.is_vendor_allowed(v)),
                    int(c.is_interest_allowed(v)), *held, c.tcf_policy_version, c.cmp_id)
            """
        let input = cases.map { "\($0.string) \($0.vendor)" }.joined(separator: "\n") + "\n"
        let lines = try Python.run(program, input: input)
        #expect(lines.count == cases.count)
        for (one, line) in zip(cases, lines) {
            let read = try Self.read(one.string, vendor: VendorID(one.vendor))
            let ours: [UInt32] = [
                read.purposesConsent, read.purposesLegitimateInterest, UInt32(read.specialFeatures),
                read.vendorHasConsent ? 1 : 0, read.vendorHasLegitimateInterest ? 1 : 0,
                read.forbiddenPurposes, read.consentOnlyPurposes, read.interestOnlyPurposes,
                UInt32(read.policyVersion), UInt32(read.cmp),
            ]
            #expect(ours.map(String.init).joined(separator: " ") == line, "seed \(seed): \(one)")
        }
    }
}

enum Python {
    static func has(_ module: String) -> Bool {
        (try? run("import \(module); print('yes')", input: "")) == ["yes"]
    }

    static func run(_ program: String, input: String) throws -> [String] {
        let file = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        // The first in the path: that is where pip puts its packages.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
