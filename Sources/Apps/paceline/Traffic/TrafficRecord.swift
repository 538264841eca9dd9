// What became of each ad, line by line, for whoever holds it against the ledger later (`paceline ledger reconcile`). A bill's
// line is in the file before the bill leaves: whatever ends this process, nothing was billed that is not here.
import Commands
import Glibc
import Kernel
import Reconciliation
import Units

struct TrafficRecord {
    private let path: String
    private let file: Descriptor
    /// Told, and nothing became of it yet.
    private var open: [BillKey: BillEvent] = [:]

    /// Goes on behind what earlier runs wrote there.
    init(_ path: String) throws(Failure) {
        self.path = path
        do {
            file = try Kernel.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
        } catch {
            throw Failure("\(path): could not be opened: \(error)")
        }
    }

    mutating func add(_ kind: BillEvent.Kind, _ ad: SoldAd, in region: String) throws(Failure) {
        // An answer without notices cannot be billed.
        guard let key = ad.key else { return }
        var event = BillEvent(
            at: Kernel.wallNow().nanoseconds / 1_000_000, kind, region: region, campaign: ad.campaign,
            amount: ad.cost.rawValue, key: key)
        if kind == .told {
            open[key] = event
        } else if let told = open.removeValue(forKey: key) {
            event.region = told.region
        }
        try write(event)
    }

    /// Nobody will tell what is open any more.
    mutating func end() throws(Failure) {
        let now = Kernel.wallNow().nanoseconds / 1_000_000
        for var event in open.values {
            (event.at, event.kind) = (now, .lost)
            try write(event)
        }
        open = [:]
    }

    private func write(_ event: BillEvent) throws(Failure) {
        let bytes = Array(event.line.utf8)
        let written = bytes.withUnsafeBytes { Kernel.write(file, $0) }
        guard written == bytes.count else {
            throw Failure(
                "\(path): could not be written: \(written < 0 ? "\(Errno(Int32(-written)))" : "no room")")
        }
    }
}
