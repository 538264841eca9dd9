// What the exchange's side has counted, and how it lies on disk: a line for each region and second, and the sums of all runs
// by campaign, which the ledger's root has to come to.
import Commands
import Documents
import Glibc
import Kernel
import Units

struct RegionCounts {
    var requests = 0
    var answers = 0
    var ads = 0
    /// Acknowledged by the node.
    var bills = 0
    var billed = Micros.zero
    /// Nobody answered, or not in time.
    var unanswered = 0
    /// Of viewers of other regions, whose own is away.
    var guests = 0

    func line(_ region: String, at milliseconds: Int64) -> String {
        "\(milliseconds)\t\(region)\t\(requests)\t\(answers)\t\(ads)\t\(bills)\t\(billed.rawValue)\t\(unanswered)"
            + "\t\(guests)\n"
    }
}

struct CampaignBills {
    var bills = 0
    var billed = Micros.zero
    /// Told, and neither acknowledged nor refused so far.
    var open = 0
    var openAmount = Micros.zero
    /// Given up, so that nobody knows whether they count: what was open when an earlier run ended, and what nobody took for
    /// as long as bills are taken.
    var lost = 0
    var lostAmount = Micros.zero
    /// The node said no.
    var refused = 0
}

/// The two files.
struct TrafficFiles {
    private let seconds: String
    private let sums: String
    private var file: Descriptor?
    private var lines = 0

    /// Three regions for six hours.
    private static let linesMost = 65_536
    private static let sumsBytesMost = 1 << 20

    init(in folder: String) {
        seconds = "\(folder)/seconds.tsv"
        sums = "\(folder)/billed.json"
    }

    mutating func append(_ text: String, lines count: Int) throws(Failure) {
        do {
            if lines + count > Self.linesMost, let file {
                // The file begins anew, as nobody looks back that far.
                Kernel.close(file)
                self.file = nil
            }
            let file = try self.file ?? Kernel.open(seconds, O_WRONLY | O_CREAT | O_TRUNC)
            if self.file == nil { lines = 0 }
            self.file = file
            lines += count
            let bytes = Array(text.utf8)
            let written = bytes.withUnsafeBytes { Kernel.write(file, $0) }
            if written < 0 { throw Errno(Int32(-written)) }
        } catch {
            throw Failure("\(seconds): could not be written: \(error)")
        }
    }

    func keep(_ campaigns: [String: CampaignBills]) throws(Failure) {
        let tree = JSONTree.object(
            campaigns.sorted { $0.key < $1.key }.map { name, one in
                .init(
                    name,
                    [
                        "bills": .number(one.bills), "billed": JSONTree(.number("\(one.billed)")),
                        "open": .number(one.open), "openAmount": JSONTree(.number("\(one.openAmount)")),
                        "lost": .number(one.lost), "lostAmount": JSONTree(.number("\(one.lostAmount)")),
                        "refused": .number(one.refused),
                    ])
            })
        do {
            try Kernel.replace(sums, with: Array((tree.page + "\n").utf8))
        } catch {
            throw Failure("\(error)")
        }
    }

    /// What earlier runs came to; what was open then is lost.
    func kept() throws(Failure) -> [String: CampaignBills] {
        guard (try? Kernel.stamp(of: sums)) != nil else { return [:] }
        let bytes = try InputFile.read(sums, limit: Self.sumsBytesMost)
        guard let tree = try? JSONTree(reading: bytes), case .object(let members) = tree.content else {
            throw Failure("\(sums): not what an earlier run has written; remove it to begin anew")
        }
        var found: [String: CampaignBills] = [:]
        for member in members {
            func count(_ key: String) -> Int { member.value[key]?.text.flatMap { Int($0) } ?? 0 }
            func amount(_ key: String) -> Micros {
                member.value[key]?.text.flatMap { try? Micros(decimal: $0) } ?? .zero
            }
            var one = CampaignBills()
            (one.bills, one.billed, one.refused) = (count("bills"), amount("billed"), count("refused"))
            one.lost = count("lost") + count("open")
            one.lostAmount = amount("lostAmount") + amount("openAmount")
            found[member.key] = one
        }
        return found
    }
}
