// What must hold of the consent strings for any bytes: a verdict with a place in the string, the same for the
// same bytes; a string that cannot be read allows nothing; and a signal more never allows more.
import OpenRTB

public enum ConsentInvariants {
    static let inputBytesMax = 8192

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count <= inputBytesMax, let first = input.first else { return nil }
        // The first byte is the vendor; the rest lies in a block of exactly its size, so that the address
        // sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count - 1, alignment: 1)
        defer { exact.deallocate() }
        exact.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[1...]))
        let vendor = VendorID(first)
        return check(UnsafeRawBufferPointer(exact).bytes, vendor)
    }

    private static func check(_ bytes: RawSpan, _ vendor: VendorID) -> String? {
        let verdict = verdict(bytes, vendor)
        if verdict != self.verdict(bytes, vendor) { return "two verdicts on one string" }
        if case .failure(let error) = verdict, !(0...bytes.byteCount).contains(error.offset) {
            return "an error beyond the string: \(error)"
        }
        let none = bytes.extracting(0..<0)
        var all = ConsentSignals(tcf: bytes, gpp: bytes, usPrivacy: bytes)
        let alone = [
            permissions(ConsentSignals(tcf: bytes, gpp: none, usPrivacy: none), vendor),
            permissions(ConsentSignals(tcf: none, gpp: bytes, usPrivacy: none), vendor),
            permissions(ConsentSignals(tcf: none, gpp: none, usPrivacy: bytes), vendor),
        ]
        let together = permissions(all, vendor)
        all.limitsTracking = true
        let limited = permissions(all, vendor)
        for use in DataUse.allCases {
            if together.allows(use) != alone.allSatisfy({ $0.allows(use) }) { return "\(use) is given back" }
            if limited.allows(use) && !together.allows(use) { return "\(use) is allowed by a limit" }
            if together.allows(use) != (together.refusal(of: use) == nil) { return "\(use) without a reason" }
        }
        return agreement(verdict, alone, bytes)
    }

    /// What people are shown is what a request gets.
    private static func agreement(
        _ verdict: Result<ConsentString, ConsentError>, _ alone: [Permissions], _ bytes: RawSpan
    ) -> String? {
        switch verdict {
        case .success(let string):
            let index = string.form == .tcf ? 0 : string.form == .gpp ? 1 : 2
            return alone[index] == string.permissions ? nil : "shown and decided differently"
        case .failure:
            guard bytes.byteCount > 0 else { return nil }
            // Nobody's string: none of the three forms takes it.
            let isRefused = alone.allSatisfy { one in DataUse.allCases.allSatisfy { !one.allows($0) } }
            return isRefused ? nil : "refused, and yet it allows something"
        }
    }

    private static func permissions(_ signals: borrowing ConsentSignals, _ vendor: VendorID) -> Permissions {
        Permissions(signals, vendor: vendor)
    }

    private static func verdict(_ bytes: RawSpan, _ vendor: VendorID) -> Result<ConsentString, ConsentError> {
        do throws(ConsentError) {
            return .success(try ConsentString(bytes, vendor: vendor))
        } catch { return .failure(error) }
    }
}
