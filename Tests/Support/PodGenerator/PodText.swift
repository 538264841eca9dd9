// A pod problem as the file that `paceline pod solve` reads, for whoever solves it by other means.
public import Auction
import Units

/// Identifiers become words by their number; amounts are exact.
public func podText(_ problem: borrowing PodProblem) -> String {
    var impressions: [String] = []
    for index in 0..<problem.segmentCount {
        let segment = problem.segment(index)
        var fields = [
            "\"minduration\":\(segment.minimumSeconds)", "\"maxduration\":\(segment.maximumSeconds)",
            "\"bidfloor\":\(segment.floors.hard)", "\"mincpmpersec\":\(segment.floors.perSecond)",
            "\"durfloors\":[\(durationFloors(segment.floors).joined(separator: ","))]",
            "\"rqddurs\":[\(segment.requiredSeconds.map { "\($0)" }.joined(separator: ","))]",
        ]
        if segment.capacity > 1 {
            fields += ["\"poddur\":\(segment.totalSeconds)", "\"maxseq\":\(segment.capacity)"]
        }
        impressions.append("{\(fields.joined(separator: ","))}")
    }
    var candidates: [String] = []
    for index in 0..<problem.candidateCount {
        candidates.append(candidateText(problem.candidate(index), problem.segmentCount))
    }
    let fields = [
        "\"impressions\":[\(impressions.joined(separator: ",\n"))]",
        "\"candidates\":[\(candidates.joined(separator: ",\n"))]",
        "\"poddedupe\":[\((1...4).filter { problem.dedupe.rawValue >> ($0 - 1) & 1 == 1 }.map { "\($0)" }.joined(separator: ","))]",
        "\"apartInPod\":\(words(problem.apartInPod))",
        "\"apartWhenAdjacent\":\(words(problem.apartWhenAdjacent))",
        "\"firstPremium\":\(Micros(problem.firstPremium))", "\"lastPremium\":\(Micros(problem.lastPremium))",
    ]
    return "{\(fields.joined(separator: ",\n"))}\n"
}

private func durationFloors(_ floors: Floors) -> [String] {
    (0..<floors.durationCount).map {
        let floor = floors.duration($0)
        return """
            {"mindur":\(floor.minimumSeconds),"maxdur":\(floor.maximumSeconds),"bidfloor":\(floor.price)}
            """
    }
}

private func candidateText(_ candidate: PodCandidate, _ segments: Int) -> String {
    let places = (0..<segments).filter { candidate.segments >> UInt32($0) & 1 == 1 }.map { "\($0)" }
    return """
        {"creative":"c\(candidate.creative)","advertiser":"a\(candidate.advertiser)",\
        "mediaFile":"m\(candidate.mediaFile)","duration":\(candidate.seconds),"value":\(candidate.value),\
        "price":\(candidate.price),"tier":"\(candidate.tier)","categories":\(words(candidate.categories)),\
        "avoids":\(words(candidate.avoids)),"impressions":[\(places.joined(separator: ","))]}
        """
}

private func words(_ set: UInt64) -> String {
    "[\((0..<64).filter { set >> UInt64($0) & 1 == 1 }.map { "\"k\($0)\"" }.joined(separator: ","))]"
}
