"""What an evaluation is written as: tables, charts, pages."""
