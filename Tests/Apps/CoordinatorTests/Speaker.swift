// A holder that says what it is told to, at a coordinator or at a broker.
import Foundation
import Testing

struct Speaker {
    let name: String
    var port: UInt16

    func say(_ messages: String...) -> (answers: [[[String: Any]]], audit: [String: Any])? {
        let body =
            "{\"version\":1,\"holder\":\"\(name)\",\"messages\":[\(messages.joined(separator: ","))]}"
        guard let answer = ask(port, "POST /v1/ledger", body), answer.status == 200,
            let answers = answer.json["answers"] as? [[[String: Any]]]
        else { return nil }
        return (answers, answer.json["audit"] as? [String: Any] ?? [:])
    }

    /// All that it was granted, behind asking for so much; nil where nothing is answered yet.
    func granted(_ session: String, upTo: Double) -> Double? {
        let said = say("{\"request\":{\"session\":\"\(session)\",\"account\":0,\"upTo\":\(upTo)}}")
        let granted = said?.answers[0].first?["granted"] as? [String: Any]
        return granted?["upTo"] as? Double
    }

    func opens() throws -> String {
        var session: String?
        try Spending.until("\(name) has a session") {
            let opened =
                say("{\"open\":{\"start\":\"4711\"}}")?.answers[0].first?["opened"] as? [String: Any]
            session = opened?["session"] as? String
            return session != nil
        }
        return try #require(session)
    }
}
