// Every pod of a small problem, by the rules as they are written down and nothing of the solver's: the best of
// them, and whether one that somebody claims is among them.
import Auction
import Units

struct PodExhaustive {
    private struct Position {
        var segment: Int
        var candidate: Int
    }

    private let problem: PodCopy
    private var used: [Bool]
    private var pod: [Position] = []
    private(set) var best = PodScore()

    /// The highest score of all pods: positions are filled in order, each by everyone or by nobody.
    static func best(_ problem: borrowing PodProblem) -> PodScore {
        var search = PodExhaustive(problem: PodCopy(problem))
        search.fill(segment: 0, ads: 0, seconds: 0)
        return search.best
    }

    private init(problem: PodCopy) {
        self.problem = problem
        used = problem.candidates.map { _ in false }
    }

    private mutating func fill(segment: Int, ads: Int, seconds: Int32) {
        guard segment < problem.segments.count else { return }
        // Each pod is met once: where the last ad stands, and nothing after it.
        best = max(best, score(pod.map { ($0.segment, $0.candidate) }))
        let place = problem.segments[segment]
        if ads < place.capacity {
            for candidate in problem.candidates.indices where !used[candidate] {
                let ad = problem.candidates[candidate]
                guard problem.isAdmitted(candidate, segment), seconds + ad.seconds <= place.totalSeconds,
                    pod.allSatisfy({ !problem.isApart(candidate, $0.candidate) }),
                    pod.last.map({ !problem.isApartBeside(candidate, $0.candidate) }) ?? true
                else { continue }
                used[candidate] = true
                pod.append(Position(segment: segment, candidate: candidate))
                fill(segment: segment, ads: ads + 1, seconds: seconds + ad.seconds)
                pod.removeLast()
                used[candidate] = false
            }
        }
        fill(segment: segment + 1, ads: 0, seconds: 0)
    }

    private func score(_ pod: [(segment: Int, candidate: Int)]) -> PodScore { problem.score(pod) }
}

/// A problem as arrays, read out through what it shows to anybody, with the rules that make a pod feasible.
struct PodCopy {
    var segments: [PodSegment]
    var candidates: [PodCandidate]
    let dedupe: PodDedupe
    let apartInPod, apartWhenAdjacent: UInt64
    let firstPremium, lastPremium: Int64
    /// Blocks and what was seen, by candidate: they are the same whatever else is placed.
    let values: [Int64?]

    init(_ problem: borrowing PodProblem) {
        segments = (0..<problem.segmentCount).map { problem.segment($0) }
        candidates = (0..<problem.candidateCount).map { problem.candidate($0) }
        dedupe = problem.dedupe
        (apartInPod, apartWhenAdjacent) = (problem.apartInPod, problem.apartWhenAdjacent)
        (firstPremium, lastPremium) = (problem.firstPremium, problem.lastPremium)
        values = (0..<problem.candidateCount).map { problem.worth(of: $0)?.rawValue }
    }

    func isAdmitted(_ candidate: Int, _ segment: Int) -> Bool {
        let (ad, place) = (candidates[candidate], segments[segment])
        guard values[candidate] != nil, place.allows(seconds: ad.seconds),
            ad.segments >> UInt32(segment) & 1 == 1
        else { return false }
        return ad.price >= place.floors.price(seconds: ad.seconds)
    }

    func isApart(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (candidates[a], candidates[b])
        return dedupe.contains(.advertiser) && one.advertiser == other.advertiser
            || dedupe.contains(.creative) && one.creative == other.creative
            || dedupe.contains(.mediaFile) && one.mediaFile == other.mediaFile
            || dedupe.contains(.category) && one.categories & other.categories != 0
            || one.categories & other.categories & apartInPod != 0
            || one.avoids & other.categories != 0 || other.avoids & one.categories != 0
    }

    func isApartBeside(_ a: Int, _ b: Int) -> Bool {
        candidates[a].categories & candidates[b].categories & apartWhenAdjacent != 0
    }

    /// The score of ads in the order in which they are shown.
    func score(_ pod: [(segment: Int, candidate: Int)]) -> PodScore {
        var score = PodScore()
        for (index, place) in pod.enumerated() {
            let value = values[place.candidate] ?? 0
            let opens = index == 0 && place.segment == 0
            let closes = index == pod.count - 1 && place.segment == segments.count - 1
            let first = opens ? value * firstPremium / 1_000_000 : 0
            let last = closes ? value * lastPremium / 1_000_000 : 0
            score[candidates[place.candidate].tier] +=
                Micros(value + (opens && closes ? max(first, last) : first + last))
        }
        return score
    }

    /// What is wrong with a pod that a solver gave; nil where it is feasible and worth what it says.
    func problem(with solution: PodSolution) -> String? {
        let pod = (0..<solution.count).map { (solution[$0].segment, solution[$0].candidate) }
        for (index, place) in pod.enumerated() {
            if !isAdmitted(place.1, place.0) { return "\(place.1) may not stand in segment \(place.0)" }
            if index > 0, pod[index - 1].0 > place.0 { return "segments are out of order" }
            if index > 0, isApartBeside(pod[index - 1].1, place.1) { return "neighbours at \(index)" }
            for other in pod.dropFirst(index + 1) where other.1 == place.1 || isApart(other.1, place.1) {
                return "\(place.1) and \(other.1) share a pod"
            }
        }
        for (index, segment) in segments.enumerated() {
            let ads = pod.filter { $0.0 == index }.map { candidates[$0.1] }
            if ads.count > segment.capacity { return "segment \(index) holds \(ads.count)" }
            if ads.reduce(0, { $0 + $1.seconds }) > segment.totalSeconds {
                return "segment \(index) is too long"
            }
        }
        if score(pod) != solution.score { return "worth \(score(pod)), claimed \(solution.score)" }
        return nil
    }
}
