"""Spans of days that figures are asked for, and what is kept between two looks at one."""
