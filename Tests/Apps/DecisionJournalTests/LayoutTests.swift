// What is printed of a journal's decisions: the journal's list of fields and the recorder are in different modules.
import Decision
import Journal
import Testing

@Test func decisionsArePrintedByTheFieldsOfTheirVersion() {
    let layout = RecordLayout.of(.decision, version: DecisionRecorder.version)
    #expect(
        layout?.name == "decision", "journals print decisions of version \(DecisionRecorder.version) as bytes"
    )
}
